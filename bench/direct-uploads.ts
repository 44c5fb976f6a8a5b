import { fixtures } from '../tests/support/fixtures.js';
import { startRadosgw } from '../tests/support/radosgw.js';
import type { Contest, Figure, Scale } from './figure.js';
import { cpuMs, peakDuring, residentMiB } from './server-memory.js';
import { adminToken, newLecternData, startLectern, startPeer } from './servers.js';
import { MiB, query, send, videoOf } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

const GiB = 1024 * MiB;
const LARGE = 5 * GiB;
/** By multipart request, and directly: what radosgw holds in memory beside what it has not collected yet. */
const ON_S3 = { multipart: 512 * MiB, direct: 2 * GiB };
const SMALL = 12 * MiB;
/** How many parts a client sends at once. */
const LANES = 6;
/** How many parts one request signs: the most that is allowed. */
const SIGNED_AT_ONCE = 100;
const BUCKET = 'bench';
const PART = 8 * MiB;
const FILLER = Buffer.alloc(PART);
/** A video, and the head of a box that players ignore, up to the end of the file (ISO/IEC 14496-12, section 4.2). */
const HEAD = Buffer.concat([fixtures.video.bytes, Buffer.from([0, 0, 0, 0]), Buffer.from('free', 'latin1')]);

export const directUploadMemory: Figure = {
  name: 'direct-uploads-memory',
  title: 'Growth of memory through a direct upload of 5 GiB to a local disk, after one of 12 MiB',
  unit: 'MiB',
  goals: [{ contestant: 'Lectern', medianAtMost: 48 }],
  setUp: setUpMemory,
};

export const directUploadCpu: Figure = {
  name: 'direct-uploads-cpu',
  title: 'Processor time of the server for each GiB that is uploaded to an S3 store (radosgw)',
  unit: 'ms',
  goals: [{ contestant: 'Lectern, direct upload', medianAtMost: 100 }],
  setUp: setUpCpu,
};

async function setUpMemory({ smoke }: Scale): Promise<Contest> {
  const size = smoke ? SMALL : LARGE;
  const data = await newLecternData();
  const [bare, lectern] = await Promise.all([startPeer('bare.js'), startLectern(data.environment)]);
  const client = await newClient(lectern.url);
  const toBare = (bytes: number): Promise<void> => {
    const numbers = Array.from({ length: Math.ceil(bytes / PART) }, (_, i) => i + 1);
    return inLanes(numbers.values(), async (number) => {
      const part = partOf(number, bytes);
      await send('POST', bare.url, { 'content-length': part.length }, [part]);
    });
  };
  const directly = async (bytes: number): Promise<unknown> => client.remove(await client.uploadDirectly(bytes));
  // What the first upload loads is no growth: the code, the thread that measures videos.
  await Promise.all([toBare(SMALL), directly(SMALL)]);
  const before = { bare: residentMiB(bare.pid), lectern: residentMiB(lectern.pid) };
  return {
    contestants: new Map([
      [
        'bare node:http to fs, with fsync, the same parts',
        async () => (await peakDuring(bare.pid, () => toBare(size))) - before.bare,
      ],
      ['Lectern', async () => (await peakDuring(lectern.pid, () => directly(size))) - before.lectern],
    ]),
    tearDown: async () => {
      await Promise.all([bare.stop(), lectern.stop()]);
      await data.remove();
    },
  };
}

async function setUpCpu({ smoke }: Scale): Promise<Contest> {
  const store = await startRadosgw();
  if (!store) throw new Error('radosgw is not installed: see CONTRIBUTING.md for its Debian packages.');
  await store.ready;
  const s3 = {
    S3_BUCKET_NAME: BUCKET,
    S3_ENDPOINT: store.endpoint,
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
  };
  const { multipart, direct } = smoke ? { multipart: SMALL, direct: SMALL } : ON_S3;
  const data = await newLecternData();
  // It makes the bucket.
  await (await startPeer('lib-storage.js', s3)).stop();
  const lectern = await startLectern({ ...data.environment, ...s3, USE_S3: 'true', S3_FORCE_PATH_STYLE: 'true' });
  const client = await newClient(lectern.url);
  const perGiB = async (size: number, uploaded: (begins: () => void) => Promise<string>): Promise<number> => {
    let before = 0;
    const videoId = await uploaded(() => (before = cpuMs(lectern.pid)));
    const spent = cpuMs(lectern.pid) - before;
    await client.remove(videoId);
    return spent / (size / GiB);
  };
  return {
    contestants: new Map([
      ['Lectern, multipart request', () => perGiB(multipart, (begins) => client.uploadByForm(multipart, begins))],
      ['Lectern, direct upload', () => perGiB(direct, (begins) => client.uploadDirectly(direct, begins))],
    ]),
    tearDown: async () => {
      await lectern.stop();
      await store.stop();
      await data.remove();
    },
  };
}

/** A part of a video of this size. All but the first share their bytes, so that the client stays small. */
function partOf(number: number, size: number): Buffer {
  const length = Math.min(PART, size - (number - 1) * PART);
  if (number > 1) return FILLER.subarray(0, length);
  return Buffer.concat([HEAD, FILLER.subarray(0, length - HEAD.length)]);
}

interface SignedPart {
  readonly number: number;
  readonly url: string;
}

/** A client that puts each file into a new video. It says when the upload begins, and returns the id of the video. */
async function newClient(url: string) {
  const token = await adminToken();
  const topicId = await newTopic(url, token);
  const ask = <T>(text: string, variables: object): Promise<T> => query<T>(url, token, text, variables);
  const remove = (id: string): Promise<unknown> => ask('mutation($id: ID!) { deleteVideo(id: $id) }', { id });

  async function uploadByForm(size: number, begins: () => void): Promise<string> {
    const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
    const file = videoOf(size);
    begins();
    const answer = await upload(url, document, { topicId }, file, token);
    return (JSON.parse(answer) as { data: { uploadVideo: { id: string } } }).data.uploadVideo.id;
  }

  async function uploadDirectly(size: number, begins = (): void => undefined): Promise<string> {
    const creation = 'mutation($topicId: ID!) { createVideo(topicId: $topicId, input: { title: "Large" }) { id } }';
    const { createVideo: video } = await ask<{ createVideo: { id: string } }>(creation, { topicId });
    begins();
    const start = 'mutation($input: StartUploadInput!) { startUpload(input: $input) { id partCount } }';
    const input = { slot: 'VIDEO_FILE', ownerId: video.id, filename: 'large.mp4', contentType: 'video/mp4', size };
    const { startUpload: session } = await ask<{ startUpload: { id: string; partCount: number } }>(start, { input });
    const signing =
      'query($id: ID!, $numbers: [Int!]!) { upload(id: $id) { parts(numbers: $numbers) { number url } } }';
    for (let first = 1; first <= session.partCount; first += SIGNED_AT_ONCE) {
      const count = Math.min(SIGNED_AT_ONCE, session.partCount - first + 1);
      const numbers = Array.from({ length: count }, (_, i) => first + i);
      const signed = await ask<{ upload: { parts: SignedPart[] } }>(signing, { id: session.id, numbers });
      await inLanes(signed.upload.parts.values(), async ({ number, url: to }) => {
        const part = partOf(number, size);
        await send('PUT', to, { 'content-length': part.length }, [part]);
      });
    }
    const completion = 'mutation($id: ID!) { completeUpload(id: $id) { status } }';
    let { status } = (await ask<{ completeUpload: { status: string } }>(completion, session)).completeUpload;
    while (status === 'VERIFYING') {
      status = (await ask<{ upload: { status: string } }>('query($id: ID!) { upload(id: $id) { status } }', session))
        .upload.status;
    }
    if (status !== 'PUBLISHED') throw new Error(`The direct upload ended as ${status}.`);
    return video.id;
  }

  return { uploadByForm, uploadDirectly, remove };
}

/** Works on all of them, as many at once as a client does. */
async function inLanes<T>(items: Iterator<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
