import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { bigJpeg, bigMp4, bigPng, type SampleFile } from '../support/fixtures.js';
import { CreateCourseDocument, CreateVideoDocument, type CreateCourseMutation } from '../support/gql/graphql.js';
import { dataOf, type GraphqlResponse } from '../support/graphql-client.js';
import { graphqlParts, multipartBody, rawRequest } from '../support/multipart.js';
import { sampleOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';
import { leftAfterSweep } from '../support/wholeness.js';

/** The files are larger than all buffers together: they arrive only when they are read concurrently. */
const MIB = 1024 ** 2;
const thumbnail = bigJpeg(9 * MIB, 'wide.jpg');
const introVideo = bigMp4(11 * MIB + 17, 'long.mp4');

onAnyStorage('an upload of two files larger than every buffer', (storage) => {
  let app: TestApp;
  let instructor: Client;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    instructor = await clientOf(app, 'ada');
  });
  afterAll(() => app.remove());

  async function expectBoth(course: CreateCourseMutation['createCourse']): Promise<void> {
    expect(course.thumbnail).toMatchObject({ size: thumbnail.size, sha256: thumbnail.sha256 });
    expect(course.introVideo).toMatchObject({ size: introVideo.size, sha256: introVideo.sha256 });
    expect(await downloadedSha256(course.thumbnailUrl!)).toBe(thumbnail.sha256);
    expect(await downloadedSha256(course.introVideoUrl!)).toBe(introVideo.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
  }

  const ORDERS: readonly (readonly [string, Partial<Record<'thumbnail' | 'introVideo', SampleFile>>])[] = [
    ['in the order of the arguments', { thumbnail, introVideo }],
    ['in the reverse order', { introVideo, thumbnail }],
  ];
  it.each(sampleOf(ORDERS, 1))('succeeds with fetch, %s', async (order, files) => {
    await expectBoth(await createCourse(instructor, { title: `Fetched ${order}` }, files));
  });

  const FRAMINGS = [
    ['in the order of the arguments', false, 'content-length'],
    ['in the reverse order', true, 'content-length'],
    ['in the reverse order', true, 'chunked'],
  ] as const;
  it.each(sampleOf(FRAMINGS, 2))(
    'succeeds with a client that writes everything before it reads, %s (reversed: %s, %s)',
    async (order, turned, framing) => {
      const variables = { input: { title: `Half-duplex ${order}` } };
      const [operations, map, ...files] = graphqlParts({
        document: CreateCourseDocument,
        variables,
        files: { thumbnail, introVideo },
      });
      const body = multipartBody([operations!, map!, ...(turned ? files.reverse() : files)]);
      const outcome = await rawRequest(app.url, { body, duplex: 'half', framing, token: instructor.token });
      expect(outcome).toMatchObject({ ended: 'response', response: { status: 200 }, bytesSent: body.size });
      const answer = JSON.parse(outcome.response!.text) as GraphqlResponse<CreateCourseMutation>['body'];
      expect(answer.errors).toBeUndefined();
      await expectBoth(answer.data!.createCourse);
    },
  );

  it('succeeds for the file and the thumbnail of a video', async () => {
    const course = await createCourse(instructor, { title: 'Holds a long video' });
    const topicId = await createTopic(instructor, course.id, 'Long ones');
    const files = { thumbnail, file: introVideo };
    const created = await instructor.upload(CreateVideoDocument, { topicId, input: { title: 'Long' } }, files);
    const { file, thumbnail: still } = dataOf(created).createVideo;
    expect(file).toMatchObject({ size: introVideo.size, sha256: introVideo.sha256 });
    expect(still).toMatchObject({ size: thumbnail.size, sha256: thumbnail.sha256 });
    expect(await downloadedSha256(file!.url)).toBe(introVideo.sha256);
  });

  it('leaves nothing behind when the second file is refused after the first was stored', async () => {
    const before = await tracesOf(app);
    const wrong = { ...bigPng(9 * MIB), filename: 'intro.mp4', contentType: 'video/mp4' };
    const variables = { input: { title: 'Half refused' } };
    const answer = await instructor.upload(CreateCourseDocument, variables, { thumbnail, introVideo: wrong });
    expect(answer.body.errors).toMatchObject([{ extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } }]);
    expect(await tracesOf(app)).toEqual(before);
  });
});
