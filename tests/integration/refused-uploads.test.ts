import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { bigJpeg, bigMp4, bigPng, fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, CreateTopicDocument, CreateVideoDocument } from '../support/gql/graphql.js';
import { CourseUnsignedDocument, TopicDocument, UploadImageDocument, VideoDocument } from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { fileOf, graphqlParts, multipartBody, rawRequest, type UploadFile } from '../support/multipart.js';
import { onAnyStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;
const IMAGE_MAX = 100_000;
const INTRO_MAX = 9 * MIB;

const HTML = '<!doctype html><html><body><script>alert(1)</script></body></html>';
const SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

/** Files that each image slot refuses, and the error codes. */
const WRONG_IMAGES: [string, UploadFile, string][] = [
  ['a video', fixtures.video, 'UNSUPPORTED_MEDIA_TYPE'],
  [
    'a video declared as an image',
    { ...fixtures.video, filename: 'a.png', contentType: 'image/png' },
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['SVG', fileOf(SVG, 'logo.svg', 'image/svg+xml'), 'UNSUPPORTED_MEDIA_TYPE'],
  ['SVG declared as PNG', fileOf(SVG, 'logo.png', 'image/png'), 'UNSUPPORTED_MEDIA_TYPE'],
  ['HTML', fileOf(HTML, 'page.jpg', 'image/jpeg'), 'UNSUPPORTED_MEDIA_TYPE'],
  ['one byte', fileOf('x', 'x.png', 'image/png'), 'UNSUPPORTED_MEDIA_TYPE'],
  ['an empty file', fileOf('', 'empty.png', 'image/png'), 'EMPTY_FILE'],
  ['one byte more than the limit', bigPng(IMAGE_MAX + 1), 'FILE_TOO_LARGE'],
  ['far more than the limit', bigPng(9 * MIB), 'FILE_TOO_LARGE'],
];

onAnyStorage('a refused upload leaves no object, no record and no row', (storage) => {
  let app: TestApp;
  let instructor: Client;
  let before: string[];

  beforeAll(async () => {
    const limits = { IMAGE_MAX_BYTES: String(IMAGE_MAX), COURSE_INTRO_VIDEO_MAX_BYTES: String(INTRO_MAX) };
    app = await startApp({ ...(await storage.environment()), ...limits });
    instructor = await clientOf(app, 'ada');
    before = await tracesOf(app);
  });
  afterAll(() => app.remove());

  it.each(WRONG_IMAGES)('%s, uploaded as an image', async (_what, file, code) => {
    const answer = await instructor.upload(UploadImageDocument, { file: null }, { file });
    expect(errorCodes(answer)).toEqual([code]);
    expect(answer.body.errors?.[0]?.path).toEqual(['uploadImage']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('text named .mp4, beside a valid thumbnail', async () => {
    const files = { thumbnail: fixtures.thumbnail, introVideo: fileOf('just text', 'lesson.mp4', 'video/mp4') };
    const answer = await instructor.upload(CreateCourseDocument, { input: { title: 'No' } }, files);
    expect(errorCodes(answer)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('an image as intro video, beside a valid thumbnail of 9 MB', async () => {
    const files = { introVideo: fixtures.png, thumbnail: bigJpeg(9 * MIB) };
    const answer = await instructor.upload(CreateCourseDocument, { input: { title: 'No' } }, files);
    expect(errorCodes(answer)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('a file that passes its limit after megabytes were stored', async () => {
    const files = { thumbnail: fixtures.thumbnail, introVideo: bigMp4(INTRO_MAX + 1) };
    const answer = await instructor.upload(CreateCourseDocument, { input: { title: 'No' } }, files);
    expect(errorCodes(answer)).toEqual(['FILE_TOO_LARGE']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('a file that is in the map but not in the body', async () => {
    const parts = graphqlParts({
      document: CreateCourseDocument,
      variables: { input: { title: 'No' } },
      files: { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro },
    });
    const body = multipartBody(parts.slice(0, -1));
    const { response } = await rawRequest(app.url, { body, token: instructor.token });
    const answer = JSON.parse(response!.text) as { data?: unknown; errors: { extensions: { code: string } }[] };
    expect(answer.data ?? null).toBeNull();
    expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_REQUEST']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('a file of exactly the limit, which is accepted', async () => {
    const answer = await instructor.upload(UploadImageDocument, { file: null }, { file: bigPng(IMAGE_MAX) });
    expect(dataOf(answer).uploadImage.file.size).toBe(IMAGE_MAX);
  });
});

describe('an upload without the right to it leaves no trace', () => {
  let app: TestApp;
  let owner: Client;
  let published: string;
  let draft: string;
  let publishedTopic: string;
  let draftTopic: string;
  let before: string[];

  beforeAll(async () => {
    app = await startApp();
    owner = await clientOf(app, 'ada');
    published = (await createCourse(owner, { title: 'Open' })).id;
    draft = (await createCourse(owner, { title: 'Secret', status: 'DRAFT' })).id;
    publishedTopic = await createTopic(owner, published, 'Open topic');
    draftTopic = await createTopic(owner, draft, 'Secret topic');
    before = await tracesOf(app);
  });
  afterAll(() => app.remove());

  const files = { file: fixtures.video };
  const input = { title: 'Mine now' };

  it('by an anonymous viewer: the whole request is refused with 401', async () => {
    const nobody = await clientOf(app);
    const answer = await nobody.upload(CreateVideoDocument, { topicId: publishedTopic, input }, files);
    expect(answer.status).toBe(401);
    expect(answer.body).not.toHaveProperty('data');
    expect(errorCodes(answer)).toEqual(['UNAUTHENTICATED']);
    expect(errorCodes(await nobody.send(CreateCourseDocument, { input }))).toEqual(['UNAUTHENTICATED']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('by a student: FORBIDDEN', async () => {
    const student = await clientOf(app, 'sam', 'student');
    const answers = [
      await student.upload(CreateCourseDocument, { input }, { thumbnail: fixtures.thumbnail }),
      await student.upload(CreateVideoDocument, { topicId: publishedTopic, input }, files),
      await student.upload(UploadImageDocument, { file: null }, { file: fixtures.png }),
      await student.send(CreateTopicDocument, { courseId: published, input }),
    ];
    expect(answers.map(errorCodes)).toEqual(answers.map(() => ['FORBIDDEN']));
    expect(await tracesOf(app)).toEqual(before);
  });

  it('by another instructor: FORBIDDEN for a course they may see, NOT_FOUND for one they may not', async () => {
    const other = await clientOf(app, 'bob');
    const video = async (topicId: string) =>
      errorCodes(await other.upload(CreateVideoDocument, { topicId, input }, files));
    expect(await video(publishedTopic)).toEqual(['FORBIDDEN']);
    expect(await video(draftTopic)).toEqual(['NOT_FOUND']);
    const topic = async (courseId: string) => errorCodes(await other.send(CreateTopicDocument, { courseId, input }));
    expect(await topic(published)).toEqual(['FORBIDDEN']);
    expect(await topic(draft)).toEqual(['NOT_FOUND']);
    expect(await tracesOf(app)).toEqual(before);
  });

  it.each(['0193b8a0-0000-7000-8000-000000000000', 'not an id', '', '$ne', '{"$ne":null}', 'x'.repeat(5_000)])(
    'with an unknown id: NOT_FOUND, and null in queries: %.40s',
    async (id) => {
      const admin = await clientOf(app, 'root', 'admin');
      expect(errorCodes(await admin.upload(CreateVideoDocument, { topicId: id, input }, files))).toEqual(['NOT_FOUND']);
      expect(errorCodes(await admin.send(CreateTopicDocument, { courseId: id, input }))).toEqual(['NOT_FOUND']);
      expect(dataOf(await admin.send(TopicDocument, { id })).topic).toBeNull();
      expect(dataOf(await admin.send(VideoDocument, { id })).video).toBeNull();
      expect(dataOf(await admin.send(CourseUnsignedDocument, { id })).course).toBeNull();
      expect(await tracesOf(app)).toEqual(before);
    },
  );

  it('a draft and its topics are visible only to its instructor and admins', async () => {
    const ask = async (client: Client) => [
      dataOf(await client.send(CourseUnsignedDocument, { id: draft })).course?.id,
      dataOf(await client.send(TopicDocument, { id: draftTopic })).topic?.id,
    ];
    const others = [await clientOf(app), await clientOf(app, 'sam', 'student'), await clientOf(app, 'bob')];
    for (const other of others) expect(await ask(other)).toEqual([undefined, undefined]);
    for (const who of [owner, await clientOf(app, 'root', 'admin')])
      expect(await ask(who)).toEqual([draft, draftTopic]);
  });
});
