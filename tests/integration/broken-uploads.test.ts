import { afterAll, beforeAll, expect, it } from 'vitest';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { bigJpeg, bigMp4, fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, CreateVideoDocument, UploadImageDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { fileOf, graphqlParts, multipartBody, rawRequest, truncated, type RawRequest } from '../support/multipart.js';
import { waitFor } from '../support/patience.js';
import { onAnyStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;

onAnyStorage('an interrupted upload', (storage) => {
  let app: TestApp;
  let instructor: Client;
  let topicId: string;
  let before: string[];

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    instructor = await clientOf(app, 'ada');
    const course = await createCourse(instructor, { title: 'Has a topic' });
    topicId = await createTopic(instructor, course.id, 'Topic');
    before = await tracesOf(app);
  });
  afterAll(() => app.remove());

  async function expectNoTrace(): Promise<void> {
    await waitFor(async () => expect(await tracesOf(app)).toEqual(before));
  }

  /** Waits, after `bytes` were sent, until the server has begun to store: before that, nothing can be left behind. */
  function onceStoring(bytes: number): NonNullable<RawRequest['beforeChunk']> {
    return async (sent) => {
      if (sent < bytes) return;
      await waitFor(async () => expect(await UploadRowModel.countDocuments({ state: 'pending' })).toBeGreaterThan(0));
    };
  }

  const courseBody = () =>
    multipartBody(
      graphqlParts({
        document: CreateCourseDocument,
        variables: { input: { title: 'Breaks off' } },
        files: { thumbnail: bigJpeg(2 * MIB), introVideo: bigMp4(20 * MIB) },
      }),
    );

  it.each([
    ['the client closes the connection during the first file', 'end', 1 * MIB],
    ['the client resets the connection during the first file', 'reset', 1 * MIB],
    ['the client closes the connection during the second file', 'end', 15 * MIB],
    ['the client resets the connection during the second file', 'reset', 15 * MIB],
  ] as const)('leaves nothing behind when %s', async (_when, afterwards, size) => {
    const body = truncated(courseBody(), size);
    const beforeChunk = onceStoring(size / 2);
    const outcome = await rawRequest(app.url, { body, afterwards, beforeChunk, token: instructor.token });
    expect(outcome.bytesSent).toBe(size);
    await expectNoTrace();
  });

  it('leaves nothing behind when it ends within the last boundary', async () => {
    const whole = courseBody();
    const body = truncated(whole, whole.size - 20);
    await rawRequest(app.url, { body, afterwards: 'reset', beforeChunk: onceStoring(MIB), token: instructor.token });
    await expectNoTrace();
  });

  it('leaves nothing behind when fetch is aborted', async () => {
    const aborter = new AbortController();
    const whole = courseBody();
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        let sent = 0;
        const storing = onceStoring(MIB);
        for (const chunk of whole.chunks()) {
          if (sent > 12 * MIB) break;
          controller.enqueue(chunk);
          sent += chunk.length;
        }
        await storing(sent);
        aborter.abort();
      },
    });
    const init = { method: 'POST', body: stream, signal: aborter.signal, duplex: 'half' };
    const headers = {
      'content-type': whole.contentType,
      'apollo-require-preflight': '1',
      authorization: `Bearer ${instructor.token!}`,
    };
    await expect(fetch(app.url, { ...init, headers } as RequestInit)).rejects.toThrow(/abort/);
    await expectNoTrace();
  });

  it.each([
    ['a picture', fixtures.png],
    // What has arrived of it is no picture. But the rest is missing, so nothing is known about the file.
    ['a file that is shorter than what its type is found by', fileOf('x'.repeat(1_000), 'short.png', 'image/png')],
  ])('gets UPLOAD_INCOMPLETE when the body ends in the middle of %s', async (_what, file) => {
    const parts = graphqlParts({
      document: UploadImageDocument,
      variables: { file: null },
      files: { file },
    });
    const whole = multipartBody(parts);
    const chunks = (): Iterable<Uint8Array> => truncated(whole, whole.size - 500).chunks();
    // The body is as long as announced: for HTTP it is complete, but the form in it is not.
    const body = { contentType: whole.contentType, size: whole.size - 500, chunks };
    const outcome = await rawRequest(app.url, { body, token: instructor.token });
    expect(JSON.parse(outcome.response!.text)).toMatchObject({
      errors: [{ extensions: { code: 'UPLOAD_INCOMPLETE', retryable: true } }],
    });
    await expectNoTrace();
  });

  it('creates no video, and the topic accepts a video afterwards', async () => {
    const variables = { topicId, input: { title: 'Try' } };
    const files = { file: bigMp4(12 * MIB), thumbnail: fixtures.png };
    const whole = multipartBody(graphqlParts({ document: CreateVideoDocument, variables, files }));
    const body = truncated(whole, 10 * MIB);
    const beforeChunk = onceStoring(MIB);
    await rawRequest(app.url, { body, afterwards: 'reset', beforeChunk, token: instructor.token });
    await expectNoTrace();
    const again = await instructor.upload(CreateVideoDocument, variables, { file: fixtures.video });
    expect(dataOf(again).createVideo.file?.sha256).toBe(fixtures.video.sha256);
  });
});
