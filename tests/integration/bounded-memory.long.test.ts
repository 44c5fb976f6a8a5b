import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { newEnvironment, tokenFor } from '../support/app.js';
import { bigMp4 } from '../support/fixtures.js';
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
/** The memory is read each time that this many bytes were sent. */
const LOOK_EVERY_BYTES = 8 * MIB;

let server: ServerProcess | undefined;
let dataDir = '';

afterEach(async () => {
  await server?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

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
