import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures, type SampleFile } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { onAnyStorage } from '../support/storages.js';
import { createTree, type CourseTree } from '../support/tree.js';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly location: string | null;
  readonly code: string | undefined;
}

/** Requests a path without following redirects or changing the path. */
async function get(app: TestApp, path: string, client?: Client, method = 'GET'): Promise<Answer> {
  const headers = client?.token === undefined ? {} : { authorization: `Bearer ${client.token}` };
  const response = await fetch(app.origin + path, { headers, method, redirect: 'manual' });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  const body = isJson && text !== '' ? (JSON.parse(text) as { errors: { extensions: { code: string } }[] }) : undefined;
  expect(text).not.toMatch(/<html|<!doctype/i);
  return {
    status: response.status,
    headers: response.headers,
    location: response.headers.get('location'),
    code: body?.errors.map(({ extensions }) => extensions.code).join(),
  };
}

onAnyStorage('a permalink', (storage) => {
  let app: TestApp;
  let clients: Record<'nobody' | 'student' | 'other' | 'owner' | 'admin', Client>;
  let image: gql.UploadImageMutation['uploadImage'];
  const trees: Partial<Record<gql.CourseStatus, CourseTree>> = {};

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    clients = {
      nobody: await clientOf(app),
      student: await clientOf(app, 'sam', 'student'),
      other: await clientOf(app, 'bob'),
      owner: await clientOf(app, 'ada'),
      admin: await clientOf(app, 'root', 'admin'),
    };
    for (const status of ['PUBLISHED', 'DRAFT', 'ARCHIVED'] as const) {
      trees[status] = await createTree(clients.owner, { title: status, status });
    }
    const answer = await clients.owner.upload(gql.UploadImageDocument, { file: null }, { file: fixtures.png });
    image = dataOf(answer).uploadImage;
  });
  afterAll(() => app.remove());

  async function expectOpens(path: string, client: Client, sample: SampleFile): Promise<void> {
    const { status, headers, location } = await get(app, path, client);
    expect([path, status]).toEqual([path, 302]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await downloadedSha256(location!)).toBe(sample.sha256);
  }

  async function expectRefused(path: string, client: Client, status: number, code: string): Promise<void> {
    const answer = await get(app, path, client);
    expect([path, answer.status, answer.code, answer.location]).toEqual([path, status, code, null]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  }

  /** Each link, the file it opens, and whether it needs a signed-in viewer. */
  const LINKS: [string, (tree: CourseTree) => string, SampleFile, boolean][] = [
    ['the file of a video', ({ videoId }) => `/media/video/${videoId}`, fixtures.video, true],
    ['the thumbnail of a video', ({ videoId }) => `/media/thumbnail/${videoId}`, fixtures.png, false],
    ['the thumbnail of a course', ({ courseId }) => `/courses/${courseId}/thumbnail/file`, fixtures.webp, false],
    ['the intro of a course', ({ courseId }) => `/courses/${courseId}/intro-video/file`, fixtures.intro, false],
  ];

  it.each(LINKS)('to %s redirects every viewer who may see the file', async (_what, pathOf, sample, needsViewer) => {
    const { nobody, student, other, owner, admin } = clients;
    const path = pathOf(trees.PUBLISHED!);
    for (const client of [student, other, owner, admin]) await expectOpens(path, client, sample);
    if (needsViewer) await expectRefused(path, nobody, 401, 'UNAUTHENTICATED');
    else await expectOpens(path, nobody, sample);
    for (const status of ['DRAFT', 'ARCHIVED'] as const) {
      const hidden = pathOf(trees[status]!);
      for (const client of [owner, admin]) await expectOpens(hidden, client, sample);
      for (const client of [nobody, student, other]) await expectRefused(hidden, client, 404, 'NOT_FOUND');
    }
  });

  it('to a preview works for anonymous viewers', async () => {
    const { videoId } = await createTree(clients.owner, { title: 'Has a preview' }, { isPreview: true });
    await expectOpens(`/media/video/${videoId}`, clients.nobody, fixtures.video);
  });

  it('to an image works for every signed-in viewer, by id and by storage key', async () => {
    const { key } = image.file;
    const paths = [image.id, key, encodeURIComponent(key), key.replaceAll('/', '%2f')].map(
      (id) => `/media/image/${id}`,
    );
    const { nobody, ...signedIn } = clients;
    for (const path of paths) {
      for (const client of Object.values(signedIn)) await expectOpens(path, client, fixtures.png);
      await expectRefused(path, nobody, 401, 'UNAUTHENTICATED');
    }
    const thumbnail = trees.PUBLISHED!.files.courseThumbnail.key;
    const others = [`${key}x`, key.slice(0, -1), `${key}/`, `images/${image.id}`, `${image.id}/${key}`, thumbnail];
    for (const id of others) await expectRefused(`/media/image/${id}`, clients.admin, 404, 'NOT_FOUND');
  });

  it('redirects to the current file, and answers 404 when it was deleted', async () => {
    const { owner } = clients;
    const { courseId, videoId } = await createTree(owner, { title: 'Changes' });
    const path = `/media/video/${videoId}`;
    await expectOpens(path, owner, fixtures.video);
    const variables = { videoId, file: null };
    dataOf(await owner.upload(gql.ReplaceVideoFileDocument, variables, { file: fixtures.webm }));
    await expectOpens(path, owner, fixtures.webm);
    dataOf(await owner.send(gql.DeleteCourseDocument, { id: courseId }));
    for (const [, pathOf] of LINKS) {
      await expectRefused(pathOf({ courseId, videoId } as CourseTree), owner, 404, 'NOT_FOUND');
    }
    const gone = dataOf(
      await owner.upload(gql.UploadImageDocument, { file: null }, { file: fixtures.gif }),
    ).uploadImage;
    dataOf(await owner.send(gql.DeleteImageDocument, { id: gone.id }));
    for (const id of [gone.id, gone.file.key]) await expectRefused(`/media/image/${id}`, owner, 404, 'NOT_FOUND');
  });

  it('to an empty slot answers 404', async () => {
    const { owner } = clients;
    const { id: courseId } = await createCourse(owner, { title: 'With no files' });
    const topicId = await createTopic(owner, courseId, 'With no files');
    const { id: videoId } = await createVideo(owner, topicId, 'With no files');
    for (const [, pathOf] of LINKS) {
      await expectRefused(pathOf({ courseId, videoId } as CourseTree), owner, 404, 'NOT_FOUND');
    }
  });

  it('answers HEAD like GET, and 404 to other methods', async () => {
    const path = `/media/video/${trees.PUBLISHED!.videoId}`;
    const head = await get(app, path, clients.student, 'HEAD');
    expect([head.status, head.headers.get('cache-control')]).toEqual([302, 'no-store']);
    expect(head.location).toBe((await get(app, path, clients.student)).location);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect((await get(app, path, clients.student, method)).status).toBe(404);
    }
  });

  it('accepts a token in the Authorization header only, and refuses an invalid one', async () => {
    const path = `/media/video/${trees.PUBLISHED!.videoId}`;
    const inQuery = await get(app, `${path}?token=${clients.owner.token!}&access_token=${clients.owner.token!}`);
    expect([inQuery.status, inQuery.code]).toEqual([401, 'UNAUTHENTICATED']);
    const wrong: Client = { ...clients.nobody, token: 'nonsense' };
    for (const [, pathOf] of LINKS) {
      const { status, code } = await get(app, pathOf(trees.PUBLISHED!), wrong);
      expect([status, code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });
});

describe('a permalink with a hostile id', () => {
  let app: TestApp;
  let admin: Client;
  beforeAll(async () => {
    app = await startApp();
    admin = await clientOf(app, 'root', 'admin');
  });
  afterAll(() => app.remove());

  const HOSTILE = [
    '%2e%2e',
    '..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f%2e%2e%2fsecrets',
    '..%5c..%5cetc',
    '%00',
    'a%00b',
    'images%2F%00',
    '%ff',
    '%c0%ae%c0%ae',
    '%',
    '%zz',
    '%E0%A4%A',
    '%ed%a0%80',
    'x'.repeat(1_024),
    'x'.repeat(1_025),
    'x'.repeat(7_000),
    '%F0%9F%8E%AC'.repeat(500),
    '__proto__',
    'constructor',
    'toString',
    '$ne',
    '%7B%22$ne%22:null%7D',
    '[$ne]=1',
    'null',
    'undefined',
    'NaN',
    '*',
    '%20',
    '%0d%0aSet-Cookie:a=b',
    'images%2f..%2fimages',
    'images//',
    '01a20d8c-96f4-76c4-9664-c87c2168b814',
  ];

  it.each(HOSTILE)('is refused with a 4xx status: %.40s', async (id) => {
    for (const path of ['/media/video/@', '/media/thumbnail/@', '/media/image/@', '/courses/@/thumbnail/file']) {
      for (const client of [undefined, admin]) {
        const answer = await get(
          app,
          path.replace('@', () => id),
          client,
        );
        expect([path, answer.status]).toEqual([path, expect.toBeOneOf([400, 401, 404])]);
        expect(answer.code).toBe({ 400: 'BAD_REQUEST', 401: 'UNAUTHENTICATED', 404: 'NOT_FOUND' }[answer.status]);
        expect(answer.headers.get('set-cookie')).toBeNull();
      }
    }
  });

  it('answers 404 without an id', async () => {
    for (const path of ['/media/video', '/media/video/', '/media/image/', '/courses//thumbnail/file', '/media/']) {
      const { status, code } = await get(app, path, admin);
      expect([path, status, code]).toEqual([path, 404, 'NOT_FOUND']);
    }
  });
});
