import type { Contest, Figure, Scale } from './figure.js';
import { startLatencyProbe } from './latency-probe.js';
import { peakDuring, residentMiB } from './server-memory.js';
import { adminToken, newLecternData, startLectern, startPeer, type MeasuredServer } from './servers.js';
import { MiB, query, videoOf } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

const ONE = 256 * MiB;
const EACH_OF_MANY = 16 * MiB;
const MANY = 50;

/**
 * How many queries each server answers before its memory is taken as that at rest. V8 spreads the garbage of whatever a
 * server does first, queries or uploads, over up to 32 MiB, and then uses this memory again.
 */
const QUERIES_BEFORE = 1_000;
const AFTER = `after ${QUERIES_BEFORE.toLocaleString('en')} queries and an upload of 1 MiB`;

/**
 * How much more memory a server has in RAM while it takes uploads than at rest: when it has answered queries, and has taken a
 * small upload, for which it loads code.
 */
export const memoryOfOne: Figure = {
  name: 'memory-one-upload',
  title: `Growth of memory during one upload of 256 MiB, ${AFTER}`,
  unit: 'MiB',
  goals: [{ contestant: 'Lectern', medianAtMost: 16 }],
  setUp: ({ smoke }) => memoryContest({ uploads: 1, size: smoke ? 4 * MiB : ONE }, smoke),
};

export const memoryOfMany: Figure = {
  name: 'memory-many-uploads',
  title: `Growth of memory during ${MANY} uploads of 16 MiB at once, ${AFTER}`,
  unit: 'MiB',
  goals: [{ contestant: 'Lectern', medianAtMost: 128 }],
  setUp: ({ smoke }) => memoryContest({ uploads: smoke ? 2 : MANY, size: smoke ? 4 * MiB : EACH_OF_MANY }, smoke),
};

export const latencyDuringUploads: Figure = {
  name: 'latency-during-uploads',
  title: `The slowest of 100 answers to { __typename } during ${MANY} uploads of 16 MiB at once`,
  unit: 'ms',
  goals: [{ contestant: 'Lectern', medianAtMost: 50 }],
  setUp: setUpLatency,
};

export const memoryWhenIdle: Figure = {
  name: 'memory-idle',
  title: 'Memory after the start and one query',
  unit: 'MiB',
  goals: [{ contestant: 'Lectern', medianAtMost: 160 }],
  setUp: setUpIdle,
};

interface Uploads {
  readonly uploads: number;
  /** Of each, in bytes. */
  readonly size: number;
}

/** A server that takes uploads: Lectern, or one of those that it is measured beside. */
interface Taker {
  readonly server: MeasuredServer;
  /** Sends so many files of this size at once. */
  send(uploads: Uploads): Promise<void>;
  stop(): Promise<void>;
}

async function memoryContest(uploads: Uploads, smoke: boolean): Promise<Contest> {
  const takers = await startTakers();
  const contestants = new Map<string, () => Promise<number>>();
  for (const [name, { server, send }] of takers) {
    for (let i = 0; i < (smoke ? 1 : QUERIES_BEFORE); i++) await query(server.url, null, '{ __typename }');
    await send({ uploads: 1, size: MiB });
    // The least that it has before any round: it may have more after the queries than when garbage was collected.
    let atRest = residentMiB(server.pid);
    contestants.set(name, async () => {
      atRest = Math.min(atRest, residentMiB(server.pid));
      return (await peakDuring(server.pid, () => send(uploads))) - atRest;
    });
  }
  return { contestants, tearDown: () => stopAll(takers) };
}

async function setUpLatency({ smoke }: Scale): Promise<Contest> {
  const takers = await startTakers();
  const uploads = { uploads: smoke ? 2 : MANY, size: smoke ? 4 * MiB : EACH_OF_MANY };
  const contestants = [...takers].map(([name, { server, send }]) => {
    return [name, () => startLatencyProbe(server.url, () => send(uploads))] as const;
  });
  return { contestants: new Map(contestants), tearDown: () => stopAll(takers) };
}

async function setUpIdle(): Promise<Contest> {
  const data = await newLecternData();
  const measured = (start: () => Promise<MeasuredServer>) => async (): Promise<number> => {
    const server = await start();
    await query(server.url, null, '{ __typename }');
    const resident = residentMiB(server.pid);
    await server.stop();
    return resident;
  };
  return {
    contestants: new Map([
      ['graphql-upload-minimal, Apollo', measured(() => startPeer('apollo-minimal.js'))],
      ['Lectern', measured(() => startLectern(data.environment))],
    ]),
    tearDown: data.remove,
  };
}

async function startTakers(): Promise<Map<string, Taker>> {
  return new Map([
    ['GraphQL Yoga', await peerTaker('yoga.js', 'File')],
    ['graphql-upload-minimal, Apollo', await peerTaker('apollo-minimal.js', 'Upload')],
    ['Lectern', await lecternTaker()],
  ]);
}

async function peerTaker(script: string, type: string): Promise<Taker> {
  const server = await startPeer(script);
  await query(server.url, null, '{ __typename }');
  const send = (uploads: Uploads): Promise<void> =>
    atOnce(uploads, (file) => upload(server.url, `mutation($file: ${type}!) { upload(file: $file) }`, {}, file, null));
  return { server, send, stop: () => server.stop() };
}

async function lecternTaker(): Promise<Taker> {
  const data = await newLecternData();
  const server = await startLectern({ ...data.environment, UPLOADS_AT_ONCE: String(MANY) });
  const token = await adminToken();
  const topicId = await newTopic(server.url, token);
  const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
  const deletion = 'mutation($id: ID!) { deleteVideo(id: $id) }';
  const send = (uploads: Uploads): Promise<void> =>
    atOnce(uploads, async (file) => {
      const answer = await upload(server.url, document, { topicId }, file, token);
      const { id } = (JSON.parse(answer) as { data: { uploadVideo: { id: string } } }).data.uploadVideo;
      await query(server.url, token, deletion, { id });
    });
  const stop = async (): Promise<void> => {
    await server.stop();
    await data.remove();
  };
  return { server, send, stop };
}

async function atOnce(
  { uploads, size }: Uploads,
  send: (file: ReturnType<typeof videoOf>) => Promise<unknown>,
): Promise<void> {
  const file = videoOf(size);
  await Promise.all(Array.from({ length: uploads }, () => send(file)));
}

async function stopAll(takers: ReadonlyMap<string, Taker>): Promise<void> {
  for (const { stop } of takers.values()) await stop();
}
