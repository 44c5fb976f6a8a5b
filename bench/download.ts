import { get } from 'node:http';
import type { Contest, Figure, Scale } from './figure.js';
import { adminToken, newLecternData, startLectern, startPeer } from './servers.js';
import { MiB, query, send, timed, videoOf } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

export const download: Figure = {
  name: 'download',
  title: 'Download of 256 MiB by a signed URL from a local disk',
  unit: 'MiB/s',
  goals: [{ contestant: 'Lectern', atLeast: 1.2 }],
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const file = videoOf((smoke ? 4 : 256) * MiB);
  const data = await newLecternData();
  const [lectern, bare] = await Promise.all([startLectern(data.environment), startPeer('bare.js')]);
  const token = await adminToken();
  const topicId = await newTopic(lectern.url, token);
  const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
  await upload(lectern.url, document, { topicId }, file, token);
  await send('PUT', bare.url, { 'content-length': file.size }, file.chunks());

  const signedUrl = async (): Promise<string> => {
    const text = 'query($id: ID!) { topic(id: $id) { videos { nodes { videoUrl } } } }';
    type Answer = { topic: { videos: { nodes: { videoUrl: string }[] } } };
    const { topic } = await query<Answer>(lectern.url, token, text, { id: topicId });
    return topic.videos.nodes[0]!.videoUrl;
  };
  const speed = async (url: string): Promise<number> => {
    let size = 0;
    const ms = await timed(async () => (size = await read(url)));
    if (size !== file.size) throw new Error(`${url} gave ${size} bytes of ${file.size}.`);
    return size / MiB / (ms / 1000);
  };
  return {
    contestants: new Map([
      ['bare fs to node:http', () => speed(bare.url)],
      ['Lectern', async () => speed(await signedUrl())],
    ]),
    tearDown: async () => {
      await Promise.all([lectern.stop(), bare.stop()]);
      await data.remove();
    },
  };
}

/** Reads a URL to its end. Returns how many bytes came. */
function read(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => (size += chunk.length));
      response.once('end', () => resolve(size)).once('error', reject);
    }).once('error', reject);
  });
}
