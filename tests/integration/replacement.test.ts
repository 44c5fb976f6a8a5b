import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { dumpOf } from '../support/dump.js';
import { bigMp4, bigPng, fixtures } from '../support/fixtures.js';
import { DeleteCourseDocument, DeleteVideoDocument, UploadVideoDocument } from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { fileOf, graphqlParts, multipartBody, rawRequest, truncated, type UploadFile } from '../support/multipart.js';
import { waitFor } from '../support/patience.js';
import { REPLACEMENTS, type Owner } from '../support/replacements.js';
import { sampleOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep, releasedObjects } from '../support/wholeness.js';

const MIB = 1024 ** 2;
/** A size that every slot accepts here, and limits that make larger files fail. */
const ACCEPTED = MIB;
const LIMITS = { image: MIB + 100_000, video: 10 * MIB };
const AT_ONCE = 16;

onAnyStorage('the replacement of a file', (storage) => {
  let app: TestApp;
  let ada: Client;

  beforeAll(async () => {
    const limits = Object.values(REPLACEMENTS).map(({ limit, kind }) => [limit, String(LIMITS[kind])]);
    // Lifetimes so long that no URL changes during a test.
    const lifetimes = { IMAGE_URL_TTL_SECONDS: '604800', VIDEO_URL_TTL_SECONDS: '604800' };
    app = await startApp({ ...(await storage.environment()), ...Object.fromEntries(limits), ...lifetimes });
    ada = await clientOf(app, 'ada');
  });
  afterAll(() => app.remove());

  async function createOwner(title: string): Promise<Owner> {
    const { id: courseId } = await createCourse(ada, { title });
    const topicId = await createTopic(ada, courseId, title);
    return { courseId, videoId: (await createVideo(ada, topicId, title)).id };
  }

  async function keysUnder(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of app.app.storages.current.list(prefix)) keys.push(key);
    return keys;
  }

  describe.each(sampleOf(Object.keys(REPLACEMENTS), 3))('by %s', (name) => {
    const replacement = REPLACEMENTS[name]!;
    const { samples, send, answered, read, prefix, ownerId, kind, document } = replacement;
    const big = kind === 'image' ? bigPng : bigMp4;

    it('serves the new file at once, and leaves neither the old object nor an open row', async () => {
      const owner = await createOwner(`${name} serves`);
      const place = `${prefix}/${ownerId(owner)}/`;
      let old: string | undefined;
      for (const sample of [...samples, samples[0]]) {
        const { file, url } = answered(await send(ada, owner, sample));
        expect(file).toMatchObject({ filename: sample.filename, size: sample.size, sha256: sample.sha256 });
        expect(file).toMatchObject({ contentType: sample.contentType, storage: storage.graphqlName, url });
        expect(file?.key.startsWith(place)).toBe(true);
        expect(file?.key).not.toBe(old);
        expect(await read(ada, owner)).toEqual({ file, url });
        expect(await downloadedSha256(url!)).toBe(sample.sha256);
        expect(await keysUnder(place)).toEqual([file?.key]);
        expect(await leftAfterSweep(app.app)).toBe(0);
        old = file?.key;
      }
    });

    it('keeps the old file when the new one is refused', async () => {
      const owner = await createOwner(`${name} refuses`);
      const first = answered(await send(ada, owner, samples[0]));
      const before = await dumpOf(app);
      const refusals: [UploadFile, string][] = [
        [replacement.wrong, 'UNSUPPORTED_MEDIA_TYPE'],
        [fileOf('<svg xmlns="http://www.w3.org/2000/svg"/>', 'x.png', 'image/png'), 'UNSUPPORTED_MEDIA_TYPE'],
        [fileOf('', samples[0].filename, samples[0].contentType), 'EMPTY_FILE'],
        [big(LIMITS[kind] + 1), 'FILE_TOO_LARGE'],
      ];
      for (const [file, code] of refusals) {
        expect(errorCodes(await send(ada, owner, file))).toEqual([code]);
      }
      expect(await dumpOf(app)).toEqual(before);
      expect(await read(ada, owner)).toEqual(first);
      expect(await downloadedSha256(first.url!)).toBe(samples[0].sha256);
    });

    it('keeps the old file when the client disconnects half-way', async () => {
      const owner = await createOwner(`${name} breaks off`);
      answered(await send(ada, owner, samples[0]));
      const before = await dumpOf(app);
      const file = big(ACCEPTED);
      const parts = graphqlParts({ document, variables: { id: ownerId(owner) }, files: { file } });
      const body = truncated(multipartBody(parts), ACCEPTED / 2);
      await rawRequest(app.url, { body, token: ada.token, afterwards: 'reset' });
      await waitFor(async () => expect(await dumpOf(app)).toEqual(before));
    });

    it('fails with NOT_FOUND when the owner is deleted meanwhile, and leaves nothing behind', async () => {
      const owner = await createOwner(`${name} deleted`);
      answered(await send(ada, owner, samples[0]));
      const file = big(ACCEPTED);
      const parts = graphqlParts({ document, variables: { id: ownerId(owner) }, files: { file } });
      let deleting: Promise<unknown> | undefined;
      const beforeChunk = async (sent: number): Promise<void> => {
        if (sent < ACCEPTED / 2) return;
        deleting ??= prefix.startsWith('course')
          ? ada.send(DeleteCourseDocument, { id: owner.courseId }).then(dataOf)
          : ada.send(DeleteVideoDocument, { id: owner.videoId }).then(dataOf);
        await deleting;
      };
      const { response } = await rawRequest(app.url, { body: multipartBody(parts), token: ada.token, beforeChunk });
      expect(deleting).toBeDefined();
      expect(JSON.parse(response!.text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      expect(await keysUnder(`${prefix}/${ownerId(owner)}/`)).toEqual([]);
      expect(await leftAfterSweep(app.app)).toBe(0);
    });
  });

  it.each(['uploadCourseThumbnail', 'replaceVideoFile'])(
    `%s succeeds for ${AT_ONCE} concurrent requests, and one object is left`,
    async (name) => {
      const { send, answered, read, prefix, ownerId, samples, kind } = REPLACEMENTS[name]!;
      const owner = await createOwner(`${name} at once`);
      answered(await send(ada, owner, samples[0]));
      const files = Array.from({ length: AT_ONCE }, (_, i) =>
        kind === 'image' ? bigPng(20_000 + i * 100) : bigMp4(fixtures.video.size + 1_000 + i),
      );
      const answers = await Promise.all(files.map((file) => send(ada, owner, file)));
      const stored = answers.map((answer) => answered(answer).file!);
      // A request may be answered with the file of a later one.
      const sums = files.map((file) => file.sha256);
      for (const file of stored) expect(sums).toContain(file.sha256);
      const { file, url } = await read(ada, owner);
      expect(sums).toContain(file?.sha256);
      expect(await downloadedSha256(url!)).toBe(file?.sha256);
      // A request that waited long for its deletion leaves it, and those after it, to the sweeper.
      await app.app.sweeper.sweep();
      expect(await keysUnder(`${prefix}/${ownerId(owner)}/`)).toEqual([file?.key]);
      expect(await leftAfterSweep(app.app)).toBe(0);
    },
  );

  it('succeeds when the storage cannot delete the old file, which the sweeper deletes later', async () => {
    const { send, answered, read } = REPLACEMENTS['replaceVideoFile']!;
    const owner = await createOwner('Cannot delete');
    const old = answered(await send(ada, owner, fixtures.video)).file!;
    const storageNow = app.app.storages.current;
    const deletion = vi.spyOn(storageNow, 'delete').mockRejectedValue(new Error('not now'));
    try {
      const { file } = answered(await send(ada, owner, fixtures.webm));
      expect((await read(ada, owner)).file).toEqual(file);
    } finally {
      deletion.mockRestore();
    }
    expect(await storageNow.stat(old.key)).not.toBeNull();
    expect(await releasedObjects()).toEqual([`${storage.name}/${old.key}`]);
    expect(await app.app.sweeper.sweep()).toMatchObject({ settled: 1 });
    expect(await storageNow.stat(old.key)).toBeNull();
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it.each([
    ['My_first__lesson.mp4', 'My first lesson'],
    ['Übung №1.final.webm', 'Übung №1.final'],
    ['C:\\videos\\intro.mov', 'intro'],
    ['lesson', 'lesson'],
    ['___.mp4', 'Untitled'],
    [`${'é'.repeat(300)}.mp4`, 'é'.repeat(125)],
  ])('uploadVideo with the file %j creates a video with the title %s', async (filename, title) => {
    const { id: courseId } = await createCourse(ada, { title: 'Short way' });
    const topicId = await createTopic(ada, courseId, 'Short way');
    const sample = filename.endsWith('.webm') ? fixtures.webm : fixtures.video;
    const answer = await ada.upload(UploadVideoDocument, { topicId, file: null }, { file: { ...sample, filename } });
    const { uploadVideo: video } = dataOf(answer);
    expect(video).toMatchObject({ topicId, courseId, title, description: null, isPreview: false });
    expect(await downloadedSha256(video.videoUrl!)).toBe(sample.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});
