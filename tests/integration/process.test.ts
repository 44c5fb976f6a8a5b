import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import { CourseWithFilesDocument, CoursesDocument, CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { startServer, tryStartServer, type ServerProcess } from '../support/server.js';

const run = promisify(execFile);

let dataDir: string;
let servers: ServerProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lectern-process-'));
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  await rm(dataDir, { recursive: true, force: true });
});

/** As `npm start` does it after its build; in the folder of the data, where no `.env` lies. */
async function start(environment: Environment = {}): Promise<ServerProcess> {
  const server = await startServer({ PORT: '0', DATA_DIR: dataDir, ...environment }, dataDir);
  servers.push(server);
  return server;
}

const tokenIn = (server: ServerProcess): string => /^ {2}(ey\S+)$/m.exec(server.stdout())![1]!;

/** With nothing set, and, when this run has an independent server, on that. */
const DATABASES: [string, () => Environment][] = [['the embedded database', () => ({})]];
if (inject('mongodbUri') !== null) {
  DATABASES.push([
    'MongoDB',
    () => ({ MONGODB_URI: `${inject('mongodbUri')!.replace(/\/?(\?.*)?$/, '')}/p-${randomUUID().slice(0, 8)}` }),
  ]);
}

describe.each(DATABASES)('the server process on %s', (name, database) => {
  it('starts with nothing set, says how to go on, and its curl line runs as printed', async () => {
    const server = await start({ ...database(), LOG_LEVEL: 'silent' });
    const text = server.stdout();
    expect(server.url).toMatch(/^http:\/\/localhost:\d+\/graphql$/);
    expect(text).toContain(`Lectern is ready: ${server.url}\n`);
    expect(text).toContain(`local disk, in ${dataDir}/files\n`);
    expect(text.includes('This is the embedded set-up')).toBe(name === 'the embedded database');

    const line = text.split('\n').find((candidate) => candidate.startsWith('curl '))!;
    const { stdout } = await run('sh', ['-c', line]);
    const { data } = JSON.parse(stdout) as {
      data: { createCourse: { id: string; title: string; thumbnailUrl: string } };
    };
    expect(data.createCourse.title).toBe('My first course');
    expect(await downloadedSha256(data.createCourse.thumbnailUrl)).toBe(fixtures.thumbnail.sha256);

    const seen = await graphql(
      server.url,
      CourseWithFilesDocument,
      { id: data.createCourse.id },
      { token: tokenIn(server) },
    );
    expect(dataOf(seen).course?.thumbnailUrl).toBe(data.createCourse.thumbnailUrl);
    expect(await server.stop()).toBe(0);
    expect(server.stderr()).toBe('');
  });

  it('stops on SIGTERM and SIGINT, and has everything when it starts again, URLs given before included', async () => {
    const environment = { ...database(), PORT: String(await freePort()) };
    let server = await start(environment);
    const token = tokenIn(server);
    const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
    const variables = { input: { title: 'Kept' } };
    const created = await uploadRequest(server.url, { document: CreateCourseDocument, variables, files, token });
    const course = dataOf(created).createCourse;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      expect(await server.stop(signal)).toBe(0);
      server = await start(environment);
      expect(await downloadedSha256(course.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
      expect(await downloadedSha256(course.introVideoUrl!)).toBe(fixtures.intro.sha256);
      const { course: read } = dataOf(await graphql(server.url, CourseWithFilesDocument, { id: course.id }, { token }));
      expect(read).toMatchObject({ title: 'Kept', thumbnail: { sha256: fixtures.thumbnail.sha256 } });
      expect(await downloadedSha256(read!.introVideoUrl!)).toBe(fixtures.intro.sha256);
    }
  });

  it('takes one Ctrl-C that arrives twice for one', async () => {
    const server = await start(database());
    server.process.kill('SIGINT');
    expect(await server.stop('SIGINT')).toBe(0);
  });

  it('loses no acknowledged course to kill -9 during work', async () => {
    const environment = database();
    const server = await start(environment);
    const token = tokenIn(server);
    const acknowledged: string[] = [];
    const writer = async (): Promise<void> => {
      for (;;) {
        const request = {
          document: CreateCourseDocument,
          variables: { input: { title: 'Written', status: 'PUBLISHED' as const } },
          files: { thumbnail: fixtures.png },
          token,
        };
        const answer = await uploadRequest(server.url, request).catch(() => null);
        if (answer === null) return;
        acknowledged.push(dataOf(answer).createCourse.id);
        if (acknowledged.length === 12) server.process.kill('SIGKILL');
      }
    };
    await Promise.all([writer(), writer(), writer(), writer()]);
    expect(await server.stop()).toBeNull();
    expect(acknowledged.length).toBeGreaterThanOrEqual(12);

    const again = await start(environment);
    const { courses } = dataOf(await graphql(again.url, CoursesDocument, { first: 100 }));
    const kept = courses.nodes.map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
    for (const id of kept) {
      const { course } = dataOf(await graphql(again.url, CourseWithFilesDocument, { id }));
      expect(await downloadedSha256(course!.thumbnailUrl!)).toBe(fixtures.png.sha256);
    }
  });
});

describe('DATA_DIR', () => {
  it('is refused to a second server with the embedded database, and the first goes on', async () => {
    const first = await start();
    const second = await tryStartServer({ PORT: '0', DATA_DIR: dataDir }, dataDir);
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    const { stderr } = second as { stderr: string };
    expect(stderr).toMatch(/DATA_DIR/);
    expect(stderr).toMatch(/another Lectern/i);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(dataOf(await graphql(first.url, CoursesDocument, {})).courses.totalCount).toBe(0);
    expect(await first.stop()).toBe(0);
    const third = await start();
    expect(dataOf(await graphql(third.url, CoursesDocument, {})).courses.totalCount).toBe(0);
  });

  it('keeps secrets and the socket to this user, and no TCP port for the database', async () => {
    const server = await start();
    const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    const secrets = join(dataDir, 'secrets');
    expect(await modeOf(secrets)).toBe('700');
    const names = await readdir(secrets);
    expect(names.sort()).toEqual(['auth', 'url-signing']);
    for (const name of names) expect([name, await modeOf(join(secrets, name))]).toEqual([name, '600']);

    const socket = (await readFile(join(dataDir, 'database.socket'), 'utf8')).trim();
    expect((await stat(socket)).isSocket()).toBe(true);
    expect([await modeOf(socket), await modeOf(dirname(socket))]).toEqual(['600', '700']);
    expect(await server.stop()).toBe(0);
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('may have a path that is too long for a socket', async () => {
    const long = join(dataDir, 'a-folder-with-a-long-name-'.repeat(6));
    const server = await start({ DATA_DIR: long });
    const socket = (await readFile(join(long, 'database.socket'), 'utf8')).trim();
    expect(Buffer.byteLength(socket)).toBeLessThan(108);
    expect(((await stat(socket)).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(dirname(socket))).mode & 0o777).toString(8)).toBe('700');
    expect(await server.stop()).toBe(0);
    await expect(stat(dirname(socket))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
