import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes, type GraphqlResponse } from '../support/graphql-client.js';
import * as hostile from '../support/hostile-files.js';
import { fileOf, type UploadFile } from '../support/multipart.js';
import { textFile } from '../support/samples.js';
import { sampleOf } from '../support/scope.js';
import { tracesOf } from '../support/traces.js';

let app: TestApp;
let ada: Client;
let topicId: string;
let videoId: string;
let before: string[];

beforeAll(async () => {
  app = await startApp();
  ada = await clientOf(app, 'ada');
  topicId = await createTopic(ada, (await createCourse(ada, { title: 'Hostile' })).id, 'Hostile');
  videoId = (await createVideo(ada, topicId, 'With items')).id;
  before = await tracesOf(app);
});
afterAll(() => app.remove());

type Send = (file: UploadFile) => Promise<GraphqlResponse<unknown>>;
const input = { language: 'en' };
const asImage: Send = (file) => ada.upload(gql.UploadImageDocument, { file: null }, { file });
const asVideo: Send = (file) => ada.upload(gql.UploadVideoDocument, { topicId, file: null }, { file });
const asResource: Send = (file) => ada.upload(gql.AddVideoResourceDocument, { videoId, file: null }, { file });
const asCaption: Send = (file) => ada.upload(gql.AddVideoCaptionDocument, { videoId, file: null, input }, { file });

async function expectRefused(answer: GraphqlResponse<unknown>): Promise<void> {
  expect(errorCodes(answer)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
  expect(await tracesOf(app)).toEqual(before);
}

describe('web pages, markup and scripts are refused in every slot, whatever their names', () => {
  it.each(sampleOf(hostile.ACTIVE_CONTENTS, 4))('%s', async (_what, content) => {
    await expectRefused(await asImage(fileOf(content, 'a.png', 'image/png')));
    await expectRefused(await asVideo(fileOf(content, 'a.mp4', 'video/mp4')));
    await expectRefused(await asCaption(fileOf(content, 'a.vtt', 'text/vtt')));
    await expectRefused(await asResource(fileOf(content, 'a.txt', 'text/plain')));
    await expectRefused(await asResource(fileOf(content, 'a', '')));
  });

  it.each(sampleOf(hostile.NAMED_AS_SCRIPTS, 4))('%s', async (_what, file) => expectRefused(await asResource(file)));
});

describe('a file that is not a picture is refused as an image', () => {
  const KINDS = [hostile.PICTURE_POLYGLOTS, hostile.PICTURE_SPOOFS, hostile.BOMBS, hostile.DAMAGED];
  it.each(KINDS.flatMap((kind) => sampleOf(kind, 3)))('%s', async (_what, file) => expectRefused(await asImage(file)));

  it.each([hostile.BOMBS[0]!, hostile.DAMAGED[0]!, hostile.PICTURE_POLYGLOTS[0]!])(
    'and as a resource: %s',
    async (_what, file) => expectRefused(await asResource(file)),
  );
});

describe('a file that is not a video is refused as a video', () => {
  const KINDS = [hostile.VIDEO_POLYGLOTS, hostile.VIDEO_SPOOFS];
  it.each(KINDS.flatMap((kind) => sampleOf(kind, 3)))('%s', async (_what, file) => expectRefused(await asVideo(file)));
});

describe('a file that is not a document is refused as a resource', () => {
  it.each(sampleOf(hostile.RESOURCE_POLYGLOTS, 3))('%s', async (_what, file) => expectRefused(await asResource(file)));
});

describe('a hostile file name', () => {
  it.each([
    ['../../../../etc/cron.d/evil.txt', 'evil.txt'],
    ['..\\..\\windows\\evil.txt', 'evil.txt'],
    ['/etc/passwd', 'passwd'],
    ['C:\\boot.ini', 'boot.ini'],
    ['....//....//evil.txt', 'evil.txt'],
    ['%2e%2e%2fevil.txt', '_2e_2e_2fevil.txt'],
    ['file:///etc/evil.txt', 'evil.txt'],
    ['evil.txt::$DATA', 'evil.txt__$DATA'],
    ['.htaccess', 'htaccess'],
    ['CON', '_CON'],
    ['a\r\nSet-Cookie: b=c.txt', 'a_0D_0ASet-Cookie_ b=c.txt'],
    ['"; filename=other.txt', '_22; filename=other.txt'],
    ['\u202etxt.lno', 'txt.lno'],
    [`${'ä'.repeat(300)}.txt`, `${'ä'.repeat(125)}.txt`],
    ['..', 'file'],
  ])('is stored and served safely: %j', async (filename, kept) => {
    const answer = await ada.upload(
      gql.AddVideoResourceDocument,
      { videoId, file: null },
      { file: { ...textFile, filename } },
    );
    const { file } = dataOf(answer).addVideoResource.resources!.at(-1)!;
    expect(file.filename).toBe(kept);
    expect(file.key).toMatch(new RegExp(`^resources/${videoId}/[a-z0-9-]+\\.txt$`));
    const disposition = (await fetch(file.url)).headers.get('content-disposition')!;
    expect(disposition).toMatch(/^attachment; filename=("[^"\\/]+"|[\w.$-]+)(; filename\*=UTF-8''[\w.%~!#$&+^`|-]+)?$/);
    for (const trace of (await tracesOf(app)).filter((one) => one.startsWith('local '))) {
      expect(trace).toMatch(new RegExp(`^local resources/${videoId}/[a-z0-9-]+\\.txt$`));
    }
  });
});

describe('IMAGE_MAX_PIXELS', () => {
  beforeAll(async () => {
    await app.stop();
    // The image fixtures have 57,600 pixels or more; the GIF has 14,400 in each of its 4 frames.
    app = await startApp({ IMAGE_MAX_PIXELS: '57599' }, app.environment);
  });

  const { png, webp, avif, gif, thumbnail } = fixtures;
  it.each([png, webp, avif, gif, thumbnail].map((file) => [file.contentType, file] as const))(
    'is applied to %s',
    async (_type, file) => {
      const client = await clientOf(app, 'ada');
      const answer = await client.upload(gql.UploadImageDocument, { file: null }, { file });
      expect(errorCodes(answer)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
      expect(answer.body.errors![0]!.message).toContain('the limit of 57599');
    },
  );
});
