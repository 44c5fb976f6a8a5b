import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UploadOptions, UploadProgress } from '../../../src/upload-client/api.js';
import { createUploader } from '../../../src/upload-client/index.js';
import { TIMINGS } from '../../../src/upload-client/timings.js';
import { openUploader } from '../../../src/upload-client/uploader.js';
import { startApp, tokenFor, type TestApp } from '../../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { find } from '../../support/direct-upload.js';
import { downloadedSha256 } from '../../support/download.js';
import { fixtures } from '../../support/fixtures.js';
import { waitUntil } from '../../support/patience.js';
import { orphansAfterSweep } from '../../support/settled.js';
import { onAnyStorage } from '../../support/storages.js';
import { behindProxy, BESIDE_PARTS, type Proxied } from './behind-proxy.js';
import { largeVideo } from './large-video.js';

const MIB = 1024 * 1024;
const PART = 8 * MIB;
const MOST_LANES = 6;
/** A video of 5 parts. */
const { file: film, sha256: filmSha256 } = largeVideo(36);

onAnyStorage('the upload client in Node', (storage) => {
  let proxied: Proxied;
  let app: TestApp;
  let ada: Client;
  let topicId: string;
  let courseId: string;

  beforeAll(async () => {
    proxied = await behindProxy(storage);
    app = await startApp(proxied.environment);
    ada = await clientOf(app, 'ada');
    ({ id: courseId } = await createCourse(ada, { title: 'To fill' }));
    topicId = await createTopic(ada, courseId, 'Films');
  });
  afterAll(async () => {
    await app.remove();
    await proxied.proxy.close();
  });

  // Every change of the progress is reported, so that no upload is complete before a test pauses or aborts it.
  const uploaderOf = (client: Client) =>
    openUploader({ endpoint: proxied.endpoint, token: client.token! }, { ...TIMINGS, progress: 0 });
  const newVideo = async (): Promise<string> => (await createVideo(ada, topicId, `Film ${randomUUID()}`)).id;
  const forFilm = async (): Promise<UploadOptions> => ({ slot: 'VIDEO_FILE', ownerId: await newVideo() });

  it('sends a file in parts and resolves with the published file', async () => {
    const told: UploadProgress[] = [];
    const states: string[] = [];
    const options = await forFilm();
    const upload = uploaderOf(ada).upload(film, {
      ...options,
      onProgress: (progress) => told.push(progress),
      onState: (state) => states.push(state),
    });
    const { media, ...result } = await upload.done;
    expect(result).toEqual({ sessionId: await upload.sessionId, slot: 'VIDEO_FILE', ownerId: options.ownerId });
    expect(result.sessionId).toEqual(expect.any(String));
    expect(media).toMatchObject({ filename: 'film.mp4', contentType: 'video/mp4', size: film.size, width: 320 });
    expect(await downloadedSha256(media!.url)).toBe(filmSha256);
    expect(states.slice(0, 2)).toEqual(['preparing', 'sending']);
    expect(states.at(-1)).toBe('verifying');
    const loaded = told.map((progress) => progress.loaded);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({ loaded: film.size, total: film.size });
    expect(told.some(({ rate }) => rate > 0)).toBe(true);
  });

  it('sends a file from disk without reading all of it into memory', async () => {
    const path = fileURLToPath(new URL('../../fixtures/intro.mp4', import.meta.url));
    const { done } = uploaderOf(ada).upload(await openAsBlob(path, { type: 'video/mp4' }), {
      slot: 'COURSE_INTRO_VIDEO',
      ownerId: courseId,
      filename: 'intro.mp4',
    });
    expect((await done).media).toMatchObject({ filename: 'intro.mp4', contentType: 'video/mp4' });
  });

  it('stops when it is paused, and then sends only the missing parts', async () => {
    const before = proxied.proxy.received();
    let paused = false;
    const loaded: number[] = [];
    const upload = uploaderOf(ada).upload(film, {
      ...(await forFilm()),
      onProgress: (progress) => {
        loaded.push(progress.loaded);
        if (paused || progress.loaded < 2.5 * PART) return;
        paused = true;
        upload.pause();
      },
    });
    await waitUntil(() => paused);
    const atRest = proxied.proxy.received();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(proxied.proxy.received() - atRest).toBeLessThan(MOST_LANES * MIB);
    upload.resume();
    const { media } = await upload.done;
    expect(await downloadedSha256(media!.url)).toBe(filmSha256);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(proxied.proxy.received() - before).toBeLessThan(film.size + MOST_LANES * PART);
  });

  it('resumes a session of another device, and refuses another file, owner or viewer', async () => {
    const options = await forFilm();
    const begun = await pausedUpload(uploaderOf(ada), options);
    const elsewhere = uploaderOf(await clientOf(app, 'ada'));

    const smaller = elsewhere.upload(largeVideo(20).file, { ...options, sessionId: begun.id });
    await expect(smaller.done).rejects.toMatchObject({ code: 'WRONG_FILE', message: expect.stringContaining('bytes') });
    const other = elsewhere.upload(largeVideo(36, 2).file, { ...options, sessionId: begun.id });
    await expect(other.done).rejects.toMatchObject({ code: 'WRONG_FILE', message: expect.stringContaining('phone') });
    const elsewhereTo = elsewhere.upload(film, { slot: 'VIDEO_FILE', ownerId: courseId, sessionId: begun.id });
    await expect(elsewhereTo.done).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const notHers = uploaderOf(await clientOf(app, 'eve')).upload(film, { ...options, sessionId: begun.id });
    await expect(notHers.done).rejects.toMatchObject({ code: 'NOT_FOUND' });

    const { bytesUploaded } = (await find(ada, begun.id))!;
    expect(bytesUploaded).toBeGreaterThan(0);
    const before = proxied.proxy.received();
    const resumed = await elsewhere.upload(film, { ...options, sessionId: begun.id }).done;
    expect(resumed.sessionId).toBe(begun.id);
    expect(await downloadedSha256(resumed.media!.url)).toBe(filmSha256);
    expect(proxied.proxy.received() - before).toBeLessThan(film.size - bytesUploaded + BESIDE_PARTS);
  });

  it('finds the session of the same file', async () => {
    const options = await forFilm();
    const begun = await pausedUpload(uploaderOf(ada), options);
    const uploader = uploaderOf(ada);
    const { ownerId } = options;
    expect(await uploader.unfinished()).toContainEqual(
      expect.objectContaining({ sessionId: begun.id, slot: 'VIDEO_FILE', ownerId, filename: 'film.mp4' }),
    );
    expect(await uploader.upload(film, options).done).toMatchObject({ sessionId: begun.id });
    expect((await uploader.unfinished()).map(({ sessionId }) => sessionId)).not.toContain(begun.id);
    // After the publication, the same file starts a new upload.
    expect((await uploader.upload(film, options).done).sessionId).not.toBe(begun.id);
  });

  it.each(['abort', 'signal'])('leaves nothing behind when it is aborted by %s', async (how) => {
    const controller = new AbortController();
    const uploader = uploaderOf(ada);
    const upload = uploader.upload(film, {
      ...(await forFilm()),
      signal: controller.signal,
      onProgress: ({ loaded }) => {
        if (loaded < 2 * PART) return;
        if (how === 'abort') void upload.abort();
        else controller.abort(new Error('The person has left.'));
      },
    });
    await expect(upload.done).rejects.toMatchObject({ code: 'ABORTED', name: 'UploadError' });
    await upload.abort();
    expect(await uploader.unfinished()).not.toContainEqual(
      expect.objectContaining({ sessionId: await upload.sessionId }),
    );
    expect(await orphansAfterSweep(app)).toEqual([]);
  });

  it('fails with ABORTED when its session is aborted elsewhere', async () => {
    const options = await forFilm();
    let sessionId: string | null = null;
    // The abort needs one round trip, and the rest of the upload at least two.
    proxied.proxy.turn({ kind: 'late', ms: 100 });
    const upload = uploaderOf(ada).upload(film, {
      ...options,
      onProgress: ({ loaded }) => {
        if (loaded < 2 * PART || sessionId === null) return;
        void uploaderOf(ada)
          .upload(null, { ...options, sessionId })
          .abort();
      },
    });
    sessionId = await upload.sessionId;
    await expect(upload.done).rejects.toMatchObject({ code: 'ABORTED', retryable: false });
    proxied.proxy.turn({ kind: 'open' });
    expect(await orphansAfterSweep(app)).toEqual([]);
  });

  it('aborts a session whose start was not answered yet', async () => {
    const upload = uploaderOf(ada).upload(film, await forFilm());
    await new Promise((resolve) => setImmediate(resolve));
    await upload.abort();
    await expect(upload.done).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await orphansAfterSweep(app)).toEqual([]);
  });

  it('asks for another token when the server refuses the first', async () => {
    const tokens = [await tokenFor('ada', 'instructor', -60), ada.token!];
    let asked = 0;
    const uploader = createUploader({
      endpoint: proxied.endpoint,
      token: async () => tokens[Math.min(asked++, 1)]!,
    });
    expect((await uploader.upload(film, await forFilm()).done).media).toMatchObject({ size: film.size });
    expect(asked).toBe(2);
    const expired = createUploader({ endpoint: proxied.endpoint, token: tokens[0]! });
    await expect(expired.upload(film, await forFilm()).done).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('sends small files to every slot', async () => {
    const uploader = uploaderOf(ada);
    const ownerId = await newVideo();
    const fileOf = ({ bytes, filename, contentType }: typeof fixtures.video): File =>
      new File([new Uint8Array(bytes)], filename, { type: contentType });
    const captions = new File(['WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n'], 'en.vtt', { type: 'text/vtt' });
    const picture = fileOf(fixtures.thumbnail);
    const results = [
      await uploader.upload(fileOf(fixtures.video), { slot: 'VIDEO_FILE', ownerId }).done,
      await uploader.upload(picture, { slot: 'VIDEO_THUMBNAIL', ownerId }).done,
      await uploader.upload(picture, { slot: 'COURSE_THUMBNAIL', ownerId: courseId }).done,
      await uploader.upload(captions, { slot: 'VIDEO_CAPTION', ownerId, caption: { language: 'en' } }).done,
      await uploader.upload(new File(['Read me.'], 'notes.txt', { type: 'text/plain' }), {
        slot: 'VIDEO_RESOURCE',
        ownerId,
      }).done,
      await uploader.upload(picture, { slot: 'IMAGE', image: { altText: 'A lake' } }).done,
    ];
    expect(results.map(({ media }) => media?.contentType)).toEqual([
      'video/mp4',
      'image/jpeg',
      'image/jpeg',
      'text/vtt',
      'text/plain',
      'image/jpeg',
    ]);
    expect(results.map(({ sessionId }) => sessionId !== null)).toEqual([false, false, false, true, true, true]);
    expect(results.at(-1)!.ownerId).toEqual(expect.any(String));
    for (const { media } of results) expect(await downloadedSha256(media!.url)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("rejects with the server's error when a small or large file is refused", async () => {
    const text = new Blob(['This is no film. '.repeat(PART / 10)], { type: 'video/mp4' });
    for (const file of [text, text.slice(0, 1_000, 'video/mp4')]) {
      const { done } = uploaderOf(ada).upload(file, { ...(await forFilm()), filename: 'film.mp4' });
      await expect(done).rejects.toMatchObject({ name: 'UploadError', code: 'UNSUPPORTED_MEDIA_TYPE' });
    }
    const empty = uploaderOf(ada).upload(new Blob([]), { ...(await forFilm()), filename: 'film.mp4' });
    await expect(empty.done).rejects.toMatchObject({ code: 'EMPTY_FILE' });
    const nameless = uploaderOf(ada).upload(film.slice(), await forFilm());
    await expect(nameless.done).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('name'),
    });
    const stranger = uploaderOf(await clientOf(app, 'eve')).upload(film, await forFilm());
    await expect(stranger.done).rejects.toMatchObject({ code: expect.stringMatching(/FORBIDDEN|NOT_FOUND/) });
  });

  /**
   * An upload that is paused and of which at least one part is stored: of the first parts, three are sent at the same
   * time, and the fourth is begun when one of them is stored.
   */
  async function pausedUpload(
    uploader: ReturnType<typeof openUploader>,
    options: UploadOptions,
  ): Promise<{ readonly id: string }> {
    let paused = false;
    const upload = uploader.upload(film, {
      ...options,
      onProgress: ({ loaded }) => {
        if (paused || loaded < 3.5 * PART) return;
        paused = true;
        upload.pause();
      },
    });
    await waitUntil(() => paused);
    return { id: (await upload.sessionId)! };
  }
});
