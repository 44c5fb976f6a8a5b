import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import { CourseWithFilesDocument, CoursesDocument, CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { DATABASES, tokenIn, useProcessSite } from '../support/process-site.js';
import { tryStartServer } from '../support/server.js';

const site = useProcessSite();

describe.each(DATABASES)('the server process on %s', (_name, database) => {
  it('stops on SIGTERM and SIGINT, and after a restart has all data, and serves earlier URLs', async () => {
    const environment = { ...database(), PORT: String(await freePort()) };
    let server = await site.start(environment);
    const token = tokenIn(server);
    const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
    const variables = { input: { title: 'Kept' } };
    const created = await uploadRequest(server.url, { document: CreateCourseDocument, variables, files, token });
    const course = dataOf(created).createCourse;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      expect(await server.stop(signal)).toBe(0);
      server = await site.start(environment);
      expect(await downloadedSha256(course.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
      expect(await downloadedSha256(course.introVideoUrl!)).toBe(fixtures.intro.sha256);
      const { course: read } = dataOf(await graphql(server.url, CourseWithFilesDocument, { id: course.id }, { token }));
      expect(read).toMatchObject({ title: 'Kept', thumbnail: { sha256: fixtures.thumbnail.sha256 } });
      expect(await downloadedSha256(read!.introVideoUrl!)).toBe(fixtures.intro.sha256);
    }
  });

  it('stops normally when one Ctrl-C arrives as two signals', async () => {
    const server = await site.start(database());
    server.process.kill('SIGINT');
    expect(await server.stop('SIGINT')).toBe(0);
  });
});

describe('DATA_DIR', () => {
  it('has secrets and the database socket readable by this user only, and no TCP port', async () => {
    const server = await site.start();
    const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    const secrets = join(site.dataDir, 'secrets');
    expect(await modeOf(secrets)).toBe('700');
    const names = await readdir(secrets);
    expect(names.sort()).toEqual(['auth', 'url-signing']);
    for (const name of names) expect([name, await modeOf(join(secrets, name))]).toEqual([name, '600']);

    const socket = (await readFile(join(site.dataDir, 'database.socket'), 'utf8')).trim();
    expect((await stat(socket)).isSocket()).toBe(true);
    expect([await modeOf(socket), await modeOf(dirname(socket))]).toEqual(['600', '700']);
    expect(await server.stop()).toBe(0);
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('may have a path that is too long for a socket', async () => {
    const long = join(site.dataDir, 'a-folder-with-a-long-name-'.repeat(6));
    const server = await site.start({ DATA_DIR: long });
    const socket = (await readFile(join(long, 'database.socket'), 'utf8')).trim();
    expect(Buffer.byteLength(socket)).toBeLessThan(108);
    expect(((await stat(socket)).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(dirname(socket))).mode & 0o777).toString(8)).toBe('700');
    expect(await server.stop()).toBe(0);
    await expect(stat(dirname(socket))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('DATA_DIR', () => {
  it('cannot be used by a second server with the embedded database, and the first continues', async () => {
    const first = await site.start();
    const second = await tryStartServer({ PORT: '0', DATA_DIR: site.dataDir }, site.dataDir);
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    const { stderr } = second as { stderr: string };
    expect(stderr).toMatch(/DATA_DIR/);
    expect(stderr).toMatch(/another Lectern/i);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(dataOf(await graphql(first.url, CoursesDocument, {})).courses.totalCount).toBe(0);
    expect(await first.stop()).toBe(0);
    const third = await site.start();
    expect(dataOf(await graphql(third.url, CoursesDocument, {})).courses.totalCount).toBe(0);
  });
});
