import { afterAll, beforeAll, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { ImageModel } from '../../src/catalog/image/image.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { download, downloadedSha256 } from '../support/download.js';
import { fixtures, type Fixture } from '../support/fixtures.js';
import {
  CourseWithFilesDocument,
  CreateVideoDocument,
  ImageDocument,
  UploadImageDocument,
} from '../support/gql/graphql.js';
import { VideoDocument, type FileFactsFragment } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { onEveryStorage } from '../support/storages.js';
import { leftAfterSweep } from '../support/wholeness.js';

/** So long that the URLs do not change during a test. */
const LIFETIMES = { VIDEO_URL_TTL_SECONDS: '600000', IMAGE_URL_TTL_SECONDS: '300000' };
const VIDEO_TTL_MS = 600_000_000;
const IMAGE_TTL_MS = 300_000_000;

onEveryStorage('a course and its files', (storage) => {
  let app: TestApp;
  let instructor: Client;
  let student: Client;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), ...LIFETIMES });
    instructor = await clientOf(app, 'ada');
    student = await clientOf(app, 'sam', 'student');
  });
  afterAll(() => app.remove());

  /** Checks everything that the API promises about a stored file. */
  async function expectStored(
    file: FileFactsFragment | null,
    sample: Fixture,
    rule: { prefix: string; ownerId: string; ttlMs: number },
  ): Promise<void> {
    const slug = sample.filename.replace(/\..*$/, '');
    const extension = sample.filename.replace(/^.*\./, '');
    expect(file).toEqual({
      key: expect.stringMatching(new RegExp(`^${rule.prefix}/${rule.ownerId}/${slug}-[a-z0-9]{8}\\.${extension}$`)),
      url: expect.stringMatching(/^http:\/\//),
      urlExpiresAt: expect.any(String),
      filename: sample.filename,
      contentType: sample.contentType,
      size: sample.size,
      sha256: sample.sha256,
      width: sample.width,
      height: sample.height,
      durationSeconds: sample.durationSeconds === null ? null : expect.closeTo(sample.durationSeconds, 1),
      codecs: sample.durationSeconds === null ? null : expect.stringMatching(/^(avc1|vp0?[89])/),
      storage: storage.graphqlName,
      uploadedAt: expect.any(String),
    });
    const { url, urlExpiresAt, uploadedAt, key } = file!;
    expect(Math.abs(Date.parse(uploadedAt) - Date.now())).toBeLessThan(20_000);
    const left = Date.parse(urlExpiresAt) - Date.now();
    expect(left).toBeLessThanOrEqual(rule.ttlMs);
    expect(left).toBeGreaterThan(rule.ttlMs / 2 - 20_000);

    expect(await downloadedSha256(url)).toBe(sample.sha256);
    const slice = await download(url, { range: 'bytes=100-1099' });
    expect(slice.equals(sample.bytes.subarray(100, 1100))).toBe(true);
    const tail = await download(url, { range: 'bytes=-10' });
    expect(tail.equals(sample.bytes.subarray(-10))).toBe(true);

    const whole = await fetch(url);
    await whole.arrayBuffer();
    expect(whole.headers.get('content-type')).toBe(sample.contentType);
    expect(whole.headers.get('content-disposition')).toBe(`inline; filename=${sample.filename}`);
    expect(await app.app.storages.byName(storage.name)?.stat(key)).toMatchObject({ size: sample.size });
  }

  it('creates a course with a thumbnail and an intro video, and returns both', async () => {
    const input = {
      title: '  The whole story  ',
      description: ' All of it. ',
      category: ' History ',
      level: 'ADVANCED' as const,
      status: 'PUBLISHED' as const,
    };
    const course = await createCourse(instructor, input, { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro });
    expect(course).toMatchObject({
      title: 'The whole story',
      description: 'All of it.',
      category: 'History',
      level: 'ADVANCED',
      status: 'PUBLISHED',
      instructorId: 'ada',
    });
    const ownerId = course.id;
    const { thumbnail, introVideo } = course;
    await expectStored(thumbnail, fixtures.thumbnail, { prefix: 'course-thumbnails', ownerId, ttlMs: IMAGE_TTL_MS });
    await expectStored(introVideo, fixtures.intro, { prefix: 'course-intro-videos', ownerId, ttlMs: VIDEO_TTL_MS });
    expect(course.thumbnailUrl).toBe(thumbnail?.url);
    expect(course.introVideoUrl).toBe(introVideo?.url);

    const read = dataOf(await (await clientOf(app)).send(CourseWithFilesDocument, { id: course.id })).course;
    expect(read).toEqual({
      id: course.id,
      title: 'The whole story',
      thumbnailUrl: thumbnail?.url,
      introVideoUrl: introVideo?.url,
      thumbnail,
      introVideo,
    });

    const record = await CourseModel.findById(course.id).lean();
    for (const [kept, seen, slot] of [
      [record?.thumbnail, thumbnail, 'COURSE_THUMBNAIL'],
      [record?.introVideo, introVideo, 'COURSE_INTRO_VIDEO'],
    ] as const) {
      expect(kept).toEqual({
        slot,
        id: expect.any(String),
        measured: 1,
        ...(seen?.codecs != null && { codecs: seen.codecs }),
        key: seen?.key,
        storage: storage.name,
        filename: seen?.filename,
        contentType: seen?.contentType,
        size: seen?.size,
        sha256: seen?.sha256,
        width: seen?.width,
        height: seen?.height,
        ...(seen?.durationSeconds !== null && { durationSeconds: seen?.durationSeconds }),
        uploadedAt: new Date(seen!.uploadedAt),
      });
    }
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it('creates a video with a file and a thumbnail, and plays it to signed-in viewers', async () => {
    const course = await createCourse(instructor, { title: 'Has a video' });
    const topicId = await createTopic(instructor, course.id, 'Chapter one');
    const input = { title: ' Lesson ', description: 'First.', durationSeconds: 2.04 };
    const files = { file: fixtures.video, thumbnail: fixtures.webp };
    const video = dataOf(await instructor.upload(CreateVideoDocument, { topicId, input }, files)).createVideo;
    expect(video).toMatchObject({
      topicId,
      courseId: course.id,
      title: 'Lesson',
      description: 'First.',
      durationSeconds: 2.04,
      isPreview: false,
      isLocked: false,
    });
    const ownerId = video.id;
    await expectStored(video.file, fixtures.video, { prefix: 'videos', ownerId, ttlMs: VIDEO_TTL_MS });
    await expectStored(video.thumbnail, fixtures.webp, { prefix: 'thumbnails', ownerId, ttlMs: IMAGE_TTL_MS });
    expect(video.videoUrl).toBe(video.file?.url);
    expect(video.thumbnailUrl).toBe(video.thumbnail?.url);

    const record = await VideoModel.findById(video.id).lean();
    expect(record?.file).toMatchObject({ slot: 'VIDEO_FILE', key: video.file?.key, storage: storage.name });
    expect(record?.thumbnail).toMatchObject({ slot: 'VIDEO_THUMBNAIL', key: video.thumbnail?.key });

    const seen = dataOf(await student.send(VideoDocument, { id: video.id })).video;
    expect(seen).toMatchObject({ isLocked: false, file: video.file, thumbnail: video.thumbnail });
    const locked = dataOf(await (await clientOf(app)).send(VideoDocument, { id: video.id })).video;
    expect(locked).toMatchObject({ title: 'Lesson', isLocked: true, file: null, videoUrl: null });
    expect(locked?.thumbnail).toEqual(video.thumbnail);
  });

  it('plays a preview to everyone', async () => {
    const course = await createCourse(instructor, { title: 'Has a preview' });
    const topicId = await createTopic(instructor, course.id, 'Teaser');
    const input = { title: 'Look', isPreview: true };
    const created = await instructor.upload(CreateVideoDocument, { topicId, input }, { file: fixtures.webm });
    const { id } = dataOf(created).createVideo;
    const seen = dataOf(await (await clientOf(app)).send(VideoDocument, { id })).video;
    expect(seen).toMatchObject({ isPreview: true, isLocked: false });
    expect(await downloadedSha256(seen!.videoUrl!)).toBe(fixtures.webm.sha256);
  });

  it('stores an image without a course', async () => {
    const variables = { file: null, input: { altText: ' A test card ' } };
    const image = dataOf(await instructor.upload(UploadImageDocument, variables, { file: fixtures.png })).uploadImage;
    expect(image).toMatchObject({ uploaderId: 'ada', altText: 'A test card', url: image.file.url });
    const rule = { prefix: 'images', ownerId: image.id, ttlMs: IMAGE_TTL_MS };
    await expectStored(image.file, fixtures.png, rule);
    const record = await ImageModel.findById(image.id).lean();
    expect(record?.file).toMatchObject({ slot: 'IMAGE', key: image.file.key, storage: storage.name });

    expect(dataOf(await student.send(ImageDocument, { id: image.id })).image?.file).toEqual(image.file);
    expect(dataOf(await (await clientOf(app)).send(ImageDocument, { id: image.id })).image).toBeNull();
  });

  it.each([
    ['jpeg', fixtures.thumbnail],
    ['webp', fixtures.webp],
    ['avif', fixtures.avif],
    ['gif', fixtures.gif],
  ])('accepts an image as %s', async (_type, sample) => {
    const image = dataOf(await instructor.upload(UploadImageDocument, { file: null }, { file: sample })).uploadImage;
    expect(image.file).toMatchObject({ contentType: sample.contentType, sha256: sample.sha256 });
    expect(await downloadedSha256(image.url)).toBe(sample.sha256);
  });

  it.each([
    ['webm', fixtures.webm],
    ['quicktime', fixtures.quicktime],
    ['matroska', fixtures.matroska],
  ])('accepts an intro video as %s', async (_type, sample) => {
    const course = await createCourse(instructor, { title: `Intro in ${sample.contentType}` }, { introVideo: sample });
    expect(course.introVideo).toMatchObject({ contentType: sample.contentType, sha256: sample.sha256 });
    expect(await downloadedSha256(course.introVideoUrl!)).toBe(sample.sha256);
  });

  it('determines the type from the content when the client declares none', async () => {
    const silent = { ...fixtures.png, filename: 'picture.of-mine', contentType: 'application/octet-stream' };
    const image = dataOf(await instructor.upload(UploadImageDocument, { file: null }, { file: silent })).uploadImage;
    expect(image.file).toMatchObject({ contentType: 'image/png', filename: 'picture.of-mine' });
    expect(image.file.key).toMatch(/\/picture-[a-z0-9]{8}\.png$/);
  });

  it('never uses a key twice', async () => {
    const upload = async () =>
      dataOf(await instructor.upload(UploadImageDocument, { file: null }, { file: fixtures.png })).uploadImage.file.key;
    const keys = await Promise.all(Array.from({ length: 5 }, upload));
    expect(new Set(keys).size).toBe(5);
  });

  it('keeps a file name in any script, and serves the file under it', async () => {
    const named = { ...fixtures.png, filename: 'Übung №1: 数学?.png' };
    const { file } = dataOf(await instructor.upload(UploadImageDocument, { file: null }, { file: named })).uploadImage;
    expect(file.filename).toBe('Übung №1_ 数学_.png');
    const answer = await fetch(file.url);
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    const disposition = answer.headers.get('content-disposition') ?? '';
    expect(decodeURIComponent(/filename\*=UTF-8''(\S+)/.exec(disposition)?.[1] ?? '')).toBe(file.filename);
  });
});
