import { multipartBody, graphqlParts, type UploadFile } from '../tests/support/multipart.js';
import type { Contest, Figure, Scale } from './figure.js';
import { adminToken, newLecternData, startLectern, startPeer } from './servers.js';
import { MiB, query, send, timed, videoOf } from './transfer.js';

const SIZE = 256 * MiB;
const SMOKE_SIZE = 4 * MiB;
const PEERS = {
  'graphql-upload-minimal, Apollo': 'apollo-minimal.js',
  'GraphQL Yoga': 'yoga.js',
  'graphql-upload, Apollo': 'apollo-graphql-upload.js',
};

/** One upload. Lectern looks at the content, counts, hashes and syncs; of the peers none does. */
export const uploadLocal: Figure = {
  name: 'upload-local',
  title: 'Upload of 256 MiB by a GraphQL multipart request to a local disk',
  unit: 'MiB/s',
  goals: [{ contestant: 'Lectern', atLeast: 0.95 }],
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const file = videoOf(smoke ? SMOKE_SIZE : SIZE);
  const data = await newLecternData();
  const [lectern, bare, ...peers] = await Promise.all([
    startLectern(data.environment),
    startPeer('bare.js'),
    ...Object.values(PEERS).map((script) => startPeer(script)),
  ]);
  const token = await adminToken();
  const topicId = await newTopic(lectern.url, token);
  const speed = (ms: number): number => file.size / MiB / (ms / 1000);

  const contestants = new Map<string, () => Promise<number>>();
  const sendBare = async (path: string): Promise<number> => {
    const url = new URL(path, bare.url).href;
    return speed(await timed(() => send('POST', url, { 'content-length': file.size }, file.chunks())));
  };
  contestants.set('bare node:http to fs, with fsync', () => sendBare(''));
  contestants.set('the same with SHA-256', () => sendBare('hashed'));
  contestants.set('Lectern', async () => {
    const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
    let answer = '';
    const ms = await timed(async () => (answer = await upload(lectern.url, document, { topicId }, file, token)));
    const { id } = (JSON.parse(answer) as { data: { uploadVideo: { id: string } } }).data.uploadVideo;
    await query(lectern.url, token, 'mutation($id: ID!) { deleteVideo(id: $id) }', { id });
    return speed(ms);
  });
  Object.keys(PEERS).forEach((name, index) => {
    const { url } = peers[index]!;
    const type = name.includes('Yoga') ? 'File' : 'Upload';
    contestants.set(name, async () => {
      return speed(await timed(() => upload(url, `mutation($file: ${type}!) { upload(file: $file) }`, {}, file, null)));
    });
  });
  return {
    contestants,
    tearDown: async () => {
      await Promise.all([lectern, bare, ...peers].map((server) => server.stop()));
      await data.remove();
    },
  };
}

/** Sends a file as the variable `file` of a mutation. */
export function upload(
  url: string,
  document: string,
  variables: object,
  file: UploadFile,
  token: string | null,
): Promise<string> {
  const body = multipartBody(graphqlParts({ document, variables, files: { file } }));
  const headers = {
    'content-type': body.contentType,
    'content-length': body.size,
    'apollo-require-preflight': 'true',
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  return send('POST', url, headers, body.chunks());
}

/** A course with one topic. */
export async function newTopic(url: string, token: string): Promise<string> {
  const course = 'mutation { createCourse(input: { title: "Measured", status: PUBLISHED }) { id } }';
  const { createCourse } = await query<{ createCourse: { id: string } }>(url, token, course);
  const topic = 'mutation($id: ID!) { createTopic(courseId: $id, input: { title: "Measured" }) { id } }';
  const { createTopic } = await query<{ createTopic: { id: string } }>(url, token, topic, createCourse);
  return createTopic.id;
}
