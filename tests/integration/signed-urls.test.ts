import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client, type CreatedCourse } from '../support/client.js';
import { download, sha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import {
  CourseThumbnailThriceDocument,
  CourseUnsignedDocument,
  CourseWithFilesDocument,
} from '../support/gql/graphql.js';
import { CreateCourseUnsignedDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { waitUntil } from '../support/patience.js';
import { onEveryStorage } from '../support/storages.js';

const FILES = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };

/** Empty variables stand for the default. */
const DEFAULT_LIFETIMES = { IMAGE_URL_TTL_SECONDS: '', VIDEO_URL_TTL_SECONDS: '' };

onEveryStorage('signed URLs', (storage) => {
  let app: TestApp;
  let instructor: Client;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    instructor = await clientOf(app, 'ada');
  });
  afterAll(() => app.remove());

  async function signingsOf(work: () => Promise<unknown>): Promise<number> {
    const before = await app.app.telemetry.counted('signings');
    await work();
    return (await app.app.telemetry.counted('signings')) - before;
  }

  it('are created only when their field is selected', async () => {
    const input = { title: 'Unsigned', status: 'PUBLISHED' as const };
    let id = '';
    const creating = await signingsOf(async () => {
      const created = await instructor.upload(CreateCourseUnsignedDocument, { input }, FILES);
      id = dataOf(created).createCourse.id;
    });
    const reading = await signingsOf(async () => dataOf(await instructor.send(CourseUnsignedDocument, { id })));
    expect([creating, reading]).toEqual([0, 0]);
  });

  it('are created once for each file, whichever fields ask for them', async () => {
    const { id } = dataOf(
      await instructor.upload(CreateCourseUnsignedDocument, { input: { title: 'Once' } }, FILES),
    ).createCourse;
    const signings = await signingsOf(async () => {
      const course = dataOf(await instructor.send(CourseThumbnailThriceDocument, { id })).course!;
      expect(course.thumbnail?.url).toBe(course.thumbnailUrl);
      expect(course.thumbnail?.again).toBe(course.thumbnailUrl);
    });
    expect(signings).toBe(1);
    expect(await signingsOf(() => instructor.send(CourseThumbnailThriceDocument, { id }))).toBe(0);
    expect(await signingsOf(() => instructor.send(CourseWithFilesDocument, { id }))).toBe(1);
  });

  it('are the same for every viewer within a window, and come with their expiry', async () => {
    const course = await createCourse(instructor, { title: 'Cached' }, FILES);
    const others = await Promise.all([clientOf(app), clientOf(app, 'sam', 'student')]);
    for (const other of others) {
      const seen = dataOf(await other.send(CourseWithFilesDocument, { id: course.id })).course;
      expect(seen).toMatchObject({ thumbnail: course.thumbnail, introVideo: course.introVideo });
    }
    for (const { url, urlExpiresAt } of [course.thumbnail!, course.introVideo!]) {
      expect(expiryOf(url)).toBe(Date.parse(urlExpiresAt));
    }
  });

  /** The expiry in the URL itself. */
  function expiryOf(url: string): number {
    const query = new URL(url).searchParams;
    if (storage.name === 'local') return Number(query.get('expires'));
    const [, year, month, day, hour, minute, second] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(
      query.get('X-Amz-Date')!,
    )!;
    const signedAt = Date.parse(`${year!}-${month!}-${day!}T${hour!}:${minute!}:${second!}Z`);
    return signedAt + Number(query.get('X-Amz-Expires')) * 1000;
  }

  it('are refused when they were changed', async () => {
    const course = await createCourse(instructor, { title: 'Tampered' }, FILES);
    const other = await createCourse(instructor, { title: 'Other' }, FILES);
    const url = new URL(course.thumbnailUrl!);
    for (const [name, value] of url.searchParams) {
      const changed = new URL(url);
      changed.searchParams.set(name, /^\d+$/.test(value) ? String(Number(value) + 1) : `${value}x`);
      expect([name, (await fetch(changed)).status]).toEqual([name, 403]);
      const without = new URL(url);
      without.searchParams.delete(name);
      expect((await fetch(without)).status, name).toBeGreaterThanOrEqual(400);
    }
    const moved = new URL(other.thumbnailUrl!);
    moved.search = url.search;
    expect((await fetch(moved)).status).toBe(403);
    expect((await fetch(url.href.replace(/\?.*$/, ''))).status).toBe(403);
    expect(sha256(await download(url.href))).toBe(fixtures.thumbnail.sha256);
  });

  it('are never stored', async () => {
    const course = await createCourse(instructor, { title: 'Kept' }, FILES);
    dataOf(await instructor.send(CourseWithFilesDocument, { id: course.id }));
    const documents = await Promise.all(Object.values(mongoose.models).map((model) => model.find().lean()));
    const kept = JSON.stringify(documents);
    expect(kept).toContain(course.thumbnail!.key);
    expect(kept).not.toMatch(/X-Amz-|signature=|expires=|Expires=/i);
    for (const url of [course.thumbnailUrl!, course.introVideoUrl!]) {
      for (const value of new URL(url).searchParams.values()) {
        if (value.length > 40) expect(kept).not.toContain(value);
      }
    }
  });
});

/** The shortest lifetimes of which at least half is guaranteed: S3 counts whole seconds. */
const SHORTEST_SECONDS = { local: 1, s3: 2 };

onEveryStorage('signed URLs of the shortest lifetime', (storage) => {
  const ttlMs = SHORTEST_SECONDS[storage.name] * 1000;
  let app: TestApp;
  let instructor: Client;
  let course: CreatedCourse;

  beforeAll(async () => {
    const ttl = String(SHORTEST_SECONDS[storage.name]);
    const lifetimes = { IMAGE_URL_TTL_SECONDS: ttl, VIDEO_URL_TTL_SECONDS: ttl };
    app = await startApp({ ...(await storage.environment()), ...lifetimes });
    instructor = await clientOf(app, 'ada');
    course = await createCourse(instructor, { title: 'Short' }, FILES);
  });
  afterAll(() => app.remove());

  it('work for at least half of it, then expire, and are followed by new URLs that work', async () => {
    const asked = Date.now();
    const { thumbnail } = dataOf(await instructor.send(CourseWithFilesDocument, { id: course.id })).course!;
    const { url, urlExpiresAt } = thumbnail!;
    const answered = Date.now();
    expect(Date.parse(urlExpiresAt)).toBeGreaterThanOrEqual(asked + ttlMs / 2);
    expect(Date.parse(urlExpiresAt)).toBeLessThanOrEqual(answered + ttlMs);
    let lastOpened = 0;
    const firstRefused = await waitUntil(async () => {
      const began = Date.now();
      const { status } = await fetch(url, { method: 'GET', headers: { range: 'bytes=0-0' } });
      if (status === 206) lastOpened = began;
      return status === 403 ? Date.now() : false;
    });
    expect(lastOpened).toBeGreaterThan(0);
    expect(firstRefused).toBeGreaterThanOrEqual(Date.parse(urlExpiresAt));
    expect(lastOpened).toBeLessThanOrEqual(Date.parse(urlExpiresAt) + 1_000);

    const again = dataOf(await instructor.send(CourseWithFilesDocument, { id: course.id })).course!;
    expect(again.thumbnail!.url).not.toBe(url);
    expect(sha256(await download(again.thumbnail!.url))).toBe(fixtures.thumbnail.sha256);
  });

  it('always have at least half of it left when they are returned', async () => {
    const until = Date.now() + ttlMs;
    let asks = 0;
    while (Date.now() < until || asks <= 5) {
      const asked = Date.now();
      const { thumbnail } = dataOf(await instructor.send(CourseWithFilesDocument, { id: course.id })).course!;
      expect(Date.parse(thumbnail!.urlExpiresAt) - asked).toBeGreaterThanOrEqual(ttlMs / 2);
      asks += 1;
    }
    expect(asks).toBeGreaterThan(5);
  });
});

describe('URLs of local files', () => {
  const PUBLIC_URL = 'https://media.example.org/lectern';
  let app: TestApp;
  let here: string;
  let client: Client;

  beforeAll(async () => {
    const port = await freePort();
    app = await startApp({ PUBLIC_URL, PORT: String(port), ...DEFAULT_LIFETIMES });
    here = `http://localhost:${port}`;
    client = await clientOf({ ...app, url: `${here}/graphql` }, 'ada');
  });
  afterAll(() => app.remove());

  it('begin with PUBLIC_URL, whatever host the request names, and work behind its proxy', async () => {
    const { id } = await createCourse(client, { title: 'Behind a proxy' }, FILES);
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' };
    const answer = await graphql(`${here}/graphql`, CourseWithFilesDocument, { id }, { headers, token: client.token });
    const { thumbnailUrl } = dataOf(answer).course!;
    expect(thumbnailUrl).toMatch(/^https:\/\/media\.example\.org\/lectern\/files\/course-thumbnails\//);
    const opened = await download(thumbnailUrl!.replace(PUBLIC_URL, here));
    expect(sha256(opened)).toBe(fixtures.thumbnail.sha256);
  });

  it('last 15 minutes for videos and an hour for images by default', async () => {
    const course = await createCourse(client, { title: 'By default' }, FILES);
    const left = (file: { urlExpiresAt: string } | null): number => Date.parse(file!.urlExpiresAt) - Date.now();
    expect(left(course.introVideo)).toBeLessThanOrEqual(900_000);
    expect(left(course.introVideo)).toBeGreaterThan(450_000 - 20_000);
    expect(left(course.thumbnail)).toBeLessThanOrEqual(3_600_000);
    expect(left(course.thumbnail)).toBeGreaterThan(1_800_000 - 20_000);
  });

  it('have an ETag, and answer HEAD, and 304 to a client that has the file', async () => {
    const { thumbnailUrl } = await createCourse(client, { title: 'Cached by browsers' }, FILES);
    const url = thumbnailUrl!.replace(PUBLIC_URL, here);
    const whole = await fetch(url);
    await whole.arrayBuffer();
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    for (const name of ['etag', 'content-length', 'content-type', 'content-disposition', 'last-modified']) {
      expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
    }
    expect(head.headers.get('content-length')).toBe(String(fixtures.thumbnail.size));
    expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
    const etag = whole.headers.get('etag')!;
    expect(await conditionalGet(url, etag)).toEqual({ status: 304, bytes: 0 });
    expect(await conditionalGet(url, '"another"')).toEqual({ status: 200, bytes: fixtures.thumbnail.size });
  });
});

/** Sends a conditional request like a browser. Node's fetch cannot: it adds `Cache-Control: no-cache`. */
async function conditionalGet(url: string, etag: string): Promise<{ status: number | undefined; bytes: number }> {
  const request = get(url, { headers: { 'if-none-match': etag } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return { status: response.statusCode, bytes };
}
