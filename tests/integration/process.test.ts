import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument, CoursesDocument, CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { DATABASES, tokenIn, useProcessSite } from '../support/process-site.js';

const run = promisify(execFile);
const site = useProcessSite();

describe.each(DATABASES)('the server process on %s', (name, database) => {
  it('starts without settings and prints instructions with a curl command that works', async () => {
    const server = await site.start({ ...database(), LOG_LEVEL: 'silent' });
    const text = server.stdout();
    expect(server.url).toMatch(/^http:\/\/localhost:\d+\/graphql$/);
    expect(text).toContain(`Lectern is ready: ${server.url}\n`);
    expect(text).toContain(`local disk, in ${site.dataDir}/files\n`);
    expect(text.includes('The embedded database is for trying Lectern out')).toBe(name === 'the embedded database');

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

  it('keeps every acknowledged course when it is killed with SIGKILL', async () => {
    const environment = database();
    const server = await site.start(environment);
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

    const again = await site.start(environment);
    const { courses } = dataOf(await graphql(again.url, CoursesDocument, { first: 100 }));
    const kept = courses.nodes.map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
    for (const id of kept) {
      const { course } = dataOf(await graphql(again.url, CourseWithFilesDocument, { id }));
      expect(await downloadedSha256(course!.thumbnailUrl!)).toBe(fixtures.png.sha256);
    }
  });
});
