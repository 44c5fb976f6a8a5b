import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newEnvironment, startApp, tokenFor, type TestApp } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { expectEndOf, expectReadiness, sendAll } from '../support/fault-rounds.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import {
  CourseWithFilesDocument,
  CreateCourseDocument,
  UploadCourseIntroVideoDocument,
} from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { startServer } from '../support/server.js';
import { orphansAfterSweep } from '../support/settled.js';
import { newWorkload } from '../support/workload.js';

const run = promisify(execFile);
const MIB = 1024 ** 2;

let folder: string;
let app: TestApp | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lectern-disk-'));
});
afterEach(async () => {
  await app?.remove();
  app = undefined;
  await rm(folder, { recursive: true, force: true });
});

it('uploads fail and queries succeed while the folder of files cannot be written, until it can be again', async () => {
  const [files, link] = [join(folder, 'files'), join(folder, 'link')];
  await mkdir(files);
  await symlink(files, link);
  app = await startApp({ LOCAL_STORAGE_DIR: link });
  const client = await clientOf(app, 'ada');
  const operations = (await newWorkload(client)).filter(({ kind }) => kind === 'upload' || kind === 'query');

  // Not even root can create folders here.
  await unlink(link);
  await symlink('/sys/kernel', link);
  const [outcomes] = await Promise.all([sendAll(operations), expectReadiness(app, 503)]);
  const expected = operations.map(({ name, kind }) => [name, kind === 'upload' ? 'STORAGE_UNAVAILABLE' : 'done']);
  expect(outcomes).toEqual(Object.fromEntries(expected));

  await unlink(link);
  await symlink(files, link);
  await expectEndOf(app, operations, outcomes);
});

it('a disk that is full in the middle of a replacement keeps the old file and nothing of the new one', async () => {
  const environment = await newEnvironment();
  const server = await startServer(environment, environment.DATA_DIR);
  const limitFiles = (bytes: string) => run('prlimit', [`--pid=${String(server.process.pid)}`, `--fsize=${bytes}:`]);
  const token = await tokenFor('ada', 'instructor');
  const first = { document: CreateCourseDocument, variables: { input: { title: 'Full' } }, token };
  const created = await uploadRequest(server.url, { ...first, files: { introVideo: fixtures.intro } });
  const courseId = dataOf(created).createCourse.id;

  await limitFiles(String(16 * MIB));
  const replacing = { document: UploadCourseIntroVideoDocument, variables: { courseId, file: null }, token };
  const refused = await uploadRequest(server.url, { ...replacing, files: { file: bigMp4(24 * MIB) } });
  expect(errorCodes(refused)).toEqual(['STORAGE_UNAVAILABLE']);
  const { course } = dataOf(await graphql(server.url, CourseWithFilesDocument, { id: courseId }, { token }));
  expect(await downloadedSha256(course!.introVideoUrl!)).toBe(fixtures.intro.sha256);

  await limitFiles('unlimited');
  const replaced = await uploadRequest(server.url, { ...replacing, files: { file: bigMp4(24 * MIB) } });
  expect(dataOf(replaced).uploadCourseIntroVideo.introVideo?.sha256).toBe(bigMp4(24 * MIB).sha256);
  expect(await server.stop()).toBe(0);

  app = await startApp({}, environment);
  expect(await orphansAfterSweep(app)).toEqual([]);
});
