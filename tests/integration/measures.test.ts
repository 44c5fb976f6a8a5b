import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { fileOf, type UploadFile } from '../support/multipart.js';
import { onAnyStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';
import { committed } from '../support/corpus.js';

const { thumbnail, png, webp, gif, avif, video, webm, quicktime, matroska, intro } = fixtures;
const IMAGES = [thumbnail, png, webp, gif, avif];
const VIDEOS = [video, webm, quicktime, matroska, intro];
const soundOnlyMp4 = committed('sound-only.mp4', 'video/mp4');
const soundOnlyWebm = committed('sound-only.webm', 'video/webm');
const EXACTNESS_SECONDS = 0.2;

onAnyStorage('the measures of a file', (storage) => {
  let app: TestApp;
  let ada: Client;
  let courseId: string;
  let topicId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    courseId = (await createCourse(ada, { title: 'Measured' })).id;
    topicId = await createTopic(ada, courseId, 'Measured');
  });
  afterAll(() => app.remove());

  const expectLength = (seconds: number | null | undefined, expected: number): void => {
    expect(Math.abs((seconds ?? Number.NaN) - expected)).toBeLessThanOrEqual(EXACTNESS_SECONDS);
  };
  const create = async (input: gql.CreateVideoInput, files: Record<string, UploadFile>) =>
    dataOf(await ada.upload(gql.CreateVideoDocument, { topicId, input }, files)).createVideo;
  const update = async (id: string, input: gql.UpdateVideoInput) =>
    dataOf(await ada.send(gql.UpdateVideoDocument, { id, input })).updateVideo;

  it.each(IMAGES.map((sample) => [sample.contentType, sample] as const))(
    'include the size of a picture: %s',
    async (_type, sample) => {
      const { width, height } = sample;
      const image = dataOf(await ada.upload(gql.UploadImageDocument, { file: null }, { file: sample })).uploadImage;
      expect(image.file).toMatchObject({ width, height, durationSeconds: null });
      const again = dataOf(await ada.send(gql.ImageDocument, { id: image.id })).image;
      expect(again?.file).toMatchObject({ width, height, durationSeconds: null });
    },
  );

  it.each(VIDEOS.map((sample) => [sample.filename, sample] as const))(
    'include the size and length of a video: %s',
    async (_, sample) => {
      const created = await create({ title: sample.filename }, { file: sample, thumbnail: thumbnail });
      expect(created.file).toMatchObject({ width: sample.width, height: sample.height });
      expectLength(created.file?.durationSeconds, sample.durationSeconds!);
      expect(created.durationSeconds).toBe(created.file?.durationSeconds);
      expect(created.thumbnail).toMatchObject({ width: 640, height: 360, durationSeconds: null });
      const course = await createCourse(ada, { title: `Intro ${sample.filename}` }, { introVideo: sample });
      expect(course.introVideo).toMatchObject({ width: sample.width, height: sample.height });
      expectLength(course.introVideo?.durationSeconds, sample.durationSeconds!);
    },
  );

  it('include whether a lesson is audio only', async () => {
    const { id } = await create({ title: 'Heard' }, { file: committed('corpus/lesson.mp3', 'audio/mpeg') });
    const heard = dataOf(await ada.send(gql.VideoItemsOfDocument, { id })).video!;
    expect(heard).toMatchObject({ isAudio: true, file: { contentType: 'audio/mpeg', width: null, codecs: 'mp3' } });
    expectLength(heard.durationSeconds, 1);
    const alone = await create({ title: 'Alone' }, { file: soundOnlyWebm });
    const alsoHeard = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: alone.id })).video!;
    expect(alsoHeard).toMatchObject({ isAudio: true, file: { contentType: 'audio/webm' } });
    const seen = await create({ title: 'Seen' }, { file: video });
    expect(dataOf(await ada.send(gql.VideoItemsOfDocument, { id: seen.id })).video).toMatchObject({ isAudio: false });
    const none = dataOf(await ada.send(gql.CreateVideoDocument, { topicId, input: { title: 'None' } })).createVideo;
    expect(dataOf(await ada.send(gql.VideoItemsOfDocument, { id: none.id })).video).toMatchObject({ isAudio: false });
  });

  it('do not depend on its name, declared type or length', async () => {
    const { uploadVideo } = dataOf(
      await ada.upload(
        gql.UploadVideoDocument,
        { topicId, file: null },
        { file: { ...bigMp4(9 * 1024 ** 2), filename: 'x.film', contentType: 'application/octet-stream' } },
      ),
    );
    expect(uploadVideo.file).toMatchObject({ width: 320, height: 180, contentType: 'video/mp4' });
    expectLength(uploadVideo.durationSeconds, 2);
  });

  it('are found in an index at the end of the file', async () => {
    const { file } = await create({ title: 'moov last' }, { file: { ...quicktime, filename: 'late.mov' } });
    expectLength(file?.durationSeconds, 2);
  });

  it('are overridden by the length in the input until that is cleared', async () => {
    const created = await create({ title: 'Said', durationSeconds: 61.5 }, { file: video });
    expect(created.durationSeconds).toBe(61.5);
    expectLength(created.file?.durationSeconds, 2);
    const zero = await update(created.id, { durationSeconds: 0 });
    expect(zero.durationSeconds).toBe(0);
    expect((await update(created.id, { title: 'Renamed' })).durationSeconds).toBe(0);
    expectLength((await update(created.id, { durationSeconds: null })).durationSeconds, 2);
  });

  it('follow the file when it is replaced', async () => {
    const created = await create({ title: 'Replaced' }, { file: video });
    const variables = { videoId: created.id, file: null };
    dataOf(await ada.upload(gql.ReplaceVideoFileDocument, variables, { file: intro }));
    const now = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: created.id })).video!;
    expectLength(now.durationSeconds, 1);
    expectLength(now.file?.durationSeconds, 1);
  });

  it('include the length of a video that the viewer may not play', async () => {
    const { id } = await create({ title: 'Locked' }, { file: video });
    const seen = dataOf(await (await clientOf(app)).send(gql.VideoItemsOfDocument, { id })).video!;
    expect([seen.isLocked, seen.file]).toEqual([true, null]);
    expectLength(seen.durationSeconds, 2);
  });

  it('are taken before publication: a file without a video track is refused, and the next one is measured', async () => {
    const damaged = Buffer.concat([video.bytes.subarray(0, 40), Buffer.alloc(30_000, 0x55)]);
    const before = await tracesOf(app);
    const refused = await ada.upload(
      gql.CreateVideoDocument,
      { topicId, input: { title: 'No picture' } },
      { file: fileOf(damaged, 'damaged.mp4', 'video/mp4') },
    );
    expect(errorCodes(refused)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
    expect(refused.body.errors?.[0]?.message).toBe('No video or audio track was found in the file.');
    for (const sample of [soundOnlyMp4, soundOnlyWebm]) {
      const answer = await ada.upload(gql.UploadCourseIntroVideoDocument, { courseId, file: null }, { file: sample });
      expect([sample.filename, errorCodes(answer)]).toEqual([sample.filename, ['UNSUPPORTED_MEDIA_TYPE']]);
      expect(answer.body.errors?.[0]?.message).toBe('No video track was found in the file.');
    }
    expect(await tracesOf(app)).toEqual(before);
    const next = await create({ title: 'And then a sound one' }, { file: video });
    expectLength(next.durationSeconds, 2);
  });
});
