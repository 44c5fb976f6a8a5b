import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Environment } from '../../../src/config.js';
import { withS3 } from '../../support/bucket.js';
import { createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { fixtures } from '../../support/fixtures.js';
import { dataOf } from '../../support/graphql-client.js';
import { VideoDocument } from '../../support/gql/graphql.js';
import { longVideo } from '../../support/long-video.js';
import { patience, waitUntil } from '../../support/patience.js';
import { onEveryStorage } from '../../support/storages.js';
import { largeVideo } from '../upload-client/large-video.js';
import { film, picture, slowDown, useStudioOn } from './studio.js';

const VTT = 'WEBVTT\n\n00:00:00.000 --> 00:00:59.000\nHello from the captions\n';
const SRT = '1\n00:00:00,000 --> 00:00:59,000\nBonjour des sous-titres\n';
/** How long a film of some megabytes may take, in milliseconds on an idle machine. */
const SENT_MS = 60_000;

onEveryStorage('the files of a lesson in the studio', (storage) => {
  const studio = useStudioOn(storage, allowStudio);

  async function openLesson(sub: string, file?: Parameters<typeof longVideo>, device?: 'phone' | 'desktop') {
    const person = await studio.signIn(sub, 'instructor', device);
    const { client, page } = person;
    const course = await createCourse(client, { title: 'Course' });
    const topicId = await createTopic(client, course.id, 'Only');
    const { id } = await createVideo(client, topicId, 'Wind', file ? { file: longVideo(...file) } : {});
    await page.goto(studio.at(`/videos/${id}`));
    await page.getByRole('region', { name: 'Manage this lesson' }).waitFor();
    return { ...person, id, tray: page.getByRole('region', { name: 'Uploads' }) };
  }
  const videoOf = async (client: Client, id: string) => dataOf(await client.send(VideoDocument, { id })).video!;

  it('captions and files to download are added and removed, on a phone', async () => {
    const { page } = await openLesson('ada', [1, 0], 'phone');
    const form = page.getByRole('form', { name: 'Add captions' });
    await form.getByLabel('Caption file').setInputFiles(picture);
    await form.getByText('thumbnail.jpg is not a caption file.').waitFor();
    for (const [name, text, language] of [
      ['en.vtt', VTT, 'en'],
      ['fr.srt', SRT, 'fr'],
    ] as const) {
      await form.getByLabel('Caption file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(text) });
      await form.getByText(`${name}, `).waitFor();
      await form.getByLabel('Language').fill(language);
      await form.getByLabel('Name in the menu').fill(`Words in ${language}`);
      await form.getByRole('button', { name: 'Add captions' }).click();
      await page.getByRole('button', { name: `Remove Words in ${language}` }).waitFor();
    }
    // Browsers show no captions over the poster: only after the film has been played or moved.
    await page.getByRole('slider', { name: 'Seek' }).fill('1');
    const menu = page.getByRole('combobox', { name: 'Captions' });
    for (const [label, words] of [
      ['Words in en', 'Hello from the captions'],
      ['Words in fr', 'Bonjour des sous-titres'],
    ] as const) {
      await menu.selectOption(label);
      await waitUntil(async () => (await page.evaluate(SHOWN_CUES)) === words);
    }
    await page.getByRole('button', { name: 'Remove Words in en' }).click();
    await waitUntil(
      async () => (await menu.getByRole('option').allTextContents()).join() === 'Captions: Off,Words in fr',
    );
    await waitUntil(async () => (await page.evaluate(SHOWN_CUES)) === 'Bonjour des sous-titres');

    const resource = page.getByRole('form', { name: 'Add resource' });
    const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Read this.\n') };
    await resource.getByLabel('Resource file').setInputFiles(notes);
    await resource.getByLabel('Title').fill('Notes');
    await resource.getByRole('button', { name: 'Add resource' }).click();
    const link = page.getByRole('link', { name: /^Notes ?11 B$/ });
    await link.waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toBe('notes.txt');
    await page.getByRole('button', { name: 'Remove Notes' }).click();
    await link.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('button', { name: 'Remove Words in fr' }).waitFor();
    await page.getByText('No resources yet.').waitFor();
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(1);
    await page.close();
  });

  it('the poster is a file, or the frame that the player shows', async () => {
    const { page, client, id, tray } = await openLesson('eve', [1, 0]);
    await page.getByText('0:00 / 0:02').waitFor();
    await page.getByLabel('Poster picture').setInputFiles(picture);
    await tray.getByText(/^Published/).waitFor();
    const { width, height } = fixtures.thumbnail;
    await waitUntil(async () => JSON.stringify(await sizeOfPoster(page)) === JSON.stringify([width, height]));
    await page.getByRole('slider', { name: 'Seek' }).fill('1');
    await page.getByRole('button', { name: 'Use the current frame' }).click();
    await waitUntil(async () => (await tray.getByText(/^Published/).count()) === 2);
    await waitUntil(async () => JSON.stringify(await sizeOfPoster(page)) === '[320,180]');
    expect((await videoOf(client, id)).thumbnailUrl).not.toBeNull();
    await page.close();
  });

  it('the poster is a frame of the file while that is being sent', async () => {
    const { page, client, id, tray } = await openLesson('tim');
    const network = await slowDown(page, 2 * 1024 * 1024);
    const large = largeVideo(12);
    const path = { name: 'Large.mp4', mimeType: 'video/mp4', buffer: Buffer.from(await large.file.arrayBuffer()) };
    await page.getByLabel('File', { exact: true }).setInputFiles(path);
    await tray.getByText(/MB\/s/).waitFor();
    const local = page.getByLabel('The file that is being sent');
    await waitUntil(async () => await local.evaluate('document.querySelector("main video").readyState >= 2'));
    await tray.getByRole('button', { name: 'Pause: Large.mp4' }).click();
    await page.getByRole('button', { name: 'Use this frame of the file' }).click();
    await tray.getByText('Wind.jpg').waitFor();
    await waitUntil(async () => (await videoOf(client, id)).thumbnailUrl !== null);
    expect((await videoOf(client, id)).file).toBeNull();
    await network(false, -1);
    await tray.getByRole('button', { name: 'Resume: Large.mp4' }).click();
    await page.getByText('0:00 / 0:02').waitFor({ timeout: patience(SENT_MS) });
    await page.close();
  });

  it('the video plays on while another is sent in its place', async () => {
    const { page, client, id, tray } = await openLesson('max', [30, 0]);
    await page.getByText('0:00 / 1:00').waitFor();
    const before = (await videoOf(client, id)).file!;
    const network = await slowDown(page, 2 * 1024 * 1024);
    const large = largeVideo(12);
    const path = { name: 'Large.mp4', mimeType: 'video/mp4', buffer: Buffer.from(await large.file.arrayBuffer()) };
    await page.getByLabel('Replace the video').setInputFiles(path);
    await tray.getByText(/MB\/s/).waitFor();
    await page.getByRole('slider', { name: 'Seek' }).fill('30');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    const seek = page.getByRole('slider', { name: 'Seek' });
    await waitUntil(async () => Number(await seek.inputValue()) > 30.5);
    expect(await tray.getByText(/MB\/s/).count()).toBe(1);
    expect((await videoOf(client, id)).file!.filename).toBe(before.filename);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await network(false, -1);
    await page.getByText(/\/ 0:02/).waitFor({ timeout: patience(SENT_MS) });
    expect((await videoOf(client, id)).file!.filename).toBe('Large.mp4');
    await page.getByLabel('Replace the video').setInputFiles(film);
    await waitUntil(async () => (await tray.getByText(/^Published/).count()) === 2);
    await page.close();
  });
});

/** The rules of docs/studio.md for a bucket: parts are sent by PUT; captions and frames are read by GET. */
async function allowStudio(origin: string, { S3_BUCKET_NAME: Bucket }: Environment): Promise<void> {
  if (Bucket === undefined) return;
  const CORSRules = [
    { AllowedOrigins: [origin], AllowedMethods: ['PUT', 'GET'], AllowedHeaders: ['content-type', 'content-md5'] },
  ];
  await withS3((client) => client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } })));
}

/** The width and the height of the poster of the player. */
function sizeOfPoster(page: Page): Promise<number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve([picture.naturalWidth, picture.naturalHeight]);
    picture.onerror = () => resolve([]);
    picture.src = document.querySelector('main video').poster;
  })`);
}

const SHOWN_CUES = `[...document.querySelector('main video').textTracks]
  .filter(({ mode }) => mode === 'showing')
  .flatMap(({ activeCues }) => [...(activeCues ?? [])].map(({ text }) => text)).join()`;
