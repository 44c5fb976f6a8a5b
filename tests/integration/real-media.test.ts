import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { CAPTIONS, IMAGES, RESOURCES, SOUND, SOUND_ALONE, sumOf, VIDEOS, type Genuine } from '../support/corpus.js';
import { sha256 } from '../support/download.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { onAnyStorage } from '../support/storages.js';

const named = (files: readonly Genuine[]) => files.map((one) => [one.file.filename, one] as const);
const LANGUAGES = ['de', 'en', 'fr'];

onAnyStorage('real media files, including unusual ones, are accepted and served unchanged', (storage) => {
  let app: TestApp;
  let ada: Client;
  let topicId: string;
  let videoId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'Corpus' })).id, 'Corpus');
    videoId = (await createVideo(ada, topicId, 'With items')).id;
  });
  afterAll(() => app.remove());

  async function expectBack(stored: gql.FileFactsFragment, one: Genuine, how: string) {
    const { file, contentType, size, durationSeconds = null, codecs = null } = one;
    const [width = null, height = null] = size ?? [];
    expect(stored).toMatchObject({ contentType, size: file.size, width, height, codecs, sha256: sumOf(file) });
    if (durationSeconds === null) expect(stored.durationSeconds).toBeNull();
    else expect(Math.abs(stored.durationSeconds! - durationSeconds)).toBeLessThan(0.2);
    const response = await fetch(stored.url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('content-disposition')).toMatch(new RegExp(`^${how};`));
    if (storage.name === 'local') expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sumOf(file));
  }

  it.each(named([...VIDEOS, ...SOUND, ...SOUND_ALONE]))('%s', async (_name, one) => {
    const answer = await ada.upload(gql.UploadVideoDocument, { topicId, file: null }, { file: one.file });
    await expectBack(dataOf(answer).uploadVideo.file!, one, 'inline');
  });

  it.each(named(IMAGES))('%s', async (_name, one) => {
    const answer = await ada.upload(gql.UploadImageDocument, { file: null }, { file: one.file });
    await expectBack(dataOf(answer).uploadImage.file, one, 'inline');
  });

  it.each(named(RESOURCES))('%s', async (_name, one) => {
    const answer = await ada.upload(gql.AddVideoResourceDocument, { videoId, file: null }, { file: one.file });
    await expectBack(dataOf(answer).addVideoResource.resources!.at(-1)!.file, one, 'attachment');
  });

  it.each(CAPTIONS.map((one, index) => [index + 1, one] as const))('captions, file %i', async (index, one) => {
    const variables = { videoId, file: null, input: { language: LANGUAGES[index - 1]! } };
    const answer = await ada.upload(gql.AddVideoCaptionDocument, variables, { file: one.file });
    await expectBack(dataOf(answer).addVideoCaption.captions!.at(-1)!.file, one, 'inline');
  });
});
