import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { newEnvironment, tokenFor } from '../support/app.js';
import { clientWith, createCourse } from '../support/client.js';
import { announced, partsOf, put, start } from '../support/direct-upload.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import { CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { graphqlParts, multipartBody, rawRequest } from '../support/multipart.js';
import { patience } from '../support/patience.js';
import { startServer, type ServerProcess } from '../support/server.js';
import { onEveryStorage } from '../support/storages.js';

const MIB = 1024 ** 2;
const UPLOAD_BYTES = 400 * MIB;
/** Room for the buffers of every stage, parts being sent to S3, and garbage that is not collected yet. */
const MAX_GROWTH_BYTES = 200 * MIB;
/** Parts until caches are filled and most functions are compiled. */
const WARM_UP_PARTS = 300;
const PARTS = 1_000;
/** Room for functions that are compiled later, some 300 bytes for each part. A request that stays takes about 13 KiB. */
const MAX_BYTES_KEPT = 2 * MIB;
/** The memory is read each time that this many bytes were sent. */
const LOOK_EVERY_BYTES = 8 * MIB;

let server: ServerProcess | undefined;
let dataDir = '';

afterEach(async () => {
  await server?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Answers each message with the memory that is left after a collection of the whole heap. */
const MEMORY_ON_REQUEST = `
  process.on('message', () => {
    gc();
    process.send(process.memoryUsage());
  });
  process.channel.unref();`;

/** What a server that was started with `MEMORY_ON_REQUEST` still refers to, in bytes. */
async function usedBytes(child: ChildProcess): Promise<number> {
  const answered = once(child, 'message') as Promise<[NodeJS.MemoryUsage]>;
  child.send('memory');
  const [{ heapUsed, external }] = await answered;
  return heapUsed + external;
}

async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) * 1024;
}

onEveryStorage('the memory of the server', (storage) => {
  it('stays far below the size of a file that is being uploaded', async () => {
    const environment = await newEnvironment(await storage.environment());
    dataDir = environment.DATA_DIR;
    server = await startServer(environment);
    const { url, process: child } = server;
    const token = await tokenFor('ada', 'instructor');
    const pid = child.pid ?? 0;
    // The first request loads what every request needs, and is not counted.
    dataOf(await graphql(url, CreateCourseDocument, { input: { title: 'Warm' } }, { token }));

    const before = await residentBytes(pid);
    let most = 0;
    let nextLook = 0;
    const file = bigMp4(UPLOAD_BYTES);
    const variables = { input: { title: 'Large' } };
    const { response } = await rawRequest(url, {
      token,
      timeoutMs: patience(25_000),
      body: multipartBody(graphqlParts({ document: CreateCourseDocument, variables, files: { introVideo: file } })),
      beforeChunk: async (sent) => {
        if (sent < nextLook) return;
        nextLook += LOOK_EVERY_BYTES;
        most = Math.max(most, await residentBytes(pid));
      },
    });

    expect(JSON.parse(response?.text ?? '{}')).toMatchObject({
      data: { createCourse: { introVideo: { size: UPLOAD_BYTES, sha256: file.sha256 } } },
    });
    expect(most).toBeGreaterThan(before / 2);
    expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

it('the server keeps nothing of the parts of direct uploads that it has received', async () => {
  const environment = await newEnvironment();
  dataDir = environment.DATA_DIR;
  const script = `data:text/javascript,${encodeURIComponent(MEMORY_ON_REQUEST)}`;
  server = await startServer(environment, dataDir, ['--expose-gc', '--import', script]);
  const { url, process: child } = server;
  const ada = clientWith(url, await tokenFor('ada', 'instructor'));
  const { id: ownerId } = await createCourse(ada, { title: 'Parts' });
  const session = await start(ada, { ...announced(fixtures.png), slot: 'COURSE_THUMBNAIL', ownerId });
  const [part] = await partsOf(ada, session.id, [1]);
  // The same part again and again: to the server, each time is another request.
  const sendParts = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) expect(await put(part!, fixtures.png.bytes)).toBe(200);
  };

  await sendParts(WARM_UP_PARTS);
  const before = await usedBytes(child);
  await sendParts(PARTS);
  expect((await usedBytes(child)) - before).toBeLessThan(MAX_BYTES_KEPT);
});
