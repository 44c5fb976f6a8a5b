import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { waitUntil } from '../../support/patience.js';
import { filmWithLateIndex, filmWithRareCodecs } from './films.js';
import { film, picture, titlesOf, useStudio, type Device } from './studio.js';

/** The largest video of this server, in bytes. */
const MAX_BYTES = 1_000_000;

const tooLarge = { name: 'Too_large.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(1.5 * MAX_BYTES, film.buffer) };
const noFilm = {
  name: 'No_film.mp4',
  mimeType: 'video/mp4',
  buffer: Buffer.from('These are only words.\n'.repeat(99)),
};
const late = { name: 'Late.mp4', mimeType: 'video/mp4', buffer: filmWithLateIndex() };
const rare = { name: 'Rare.mp4', mimeType: 'video/mp4', buffer: filmWithRareCodecs() };

const TOO_LARGE = 'Too_large.mp4 has 1.5 MB, which is too large. At most 1.0 MB can be sent here.';
const NO_FILM = 'No_film.mp4 cannot be played, whatever its name says.';
const LATE = 'This video starts late, because its index is at the end of the file.';
const HEVC = 'Some browsers cannot show this video, because it is in HEVC (H.265).';
const AC3 = 'Some browsers cannot play this sound, because it is in Dolby Digital (AC-3).';

describe.skipIf(!hasChromium)('files that are checked before they are sent', () => {
  const studio = useStudio(() =>
    Promise.resolve({ VIDEO_FILE_MAX_BYTES: String(MAX_BYTES), COURSE_INTRO_VIDEO_MAX_BYTES: String(MAX_BYTES) }),
  );

  async function topicOf(client: Client) {
    const { id: courseId } = await createCourse(client, { title: 'To fill' });
    return { courseId, topicId: await createTopic(client, courseId, 'Films') };
  }

  it.each(['phone', 'desktop'] as const)(
    'in a course, on a %s: refused ones make no lesson',
    async (device: Device) => {
      const { page, client } = await studio.signIn(`ada-${device}`, 'instructor', device);
      const { courseId } = await topicOf(client);
      await page.goto(studio.at(`/courses/${courseId}`));
      const sent = uploadsOf(page);
      const scripts = scriptsOf(page);
      await page.getByRole('list', { name: 'Films' }).waitFor({ state: 'attached' });
      expect(scripts().filter(isInspector)).toEqual([]);
      await page.getByLabel('Add videos to Films').setInputFiles([tooLarge, noFilm, late, rare, film]);
      const contents = page.getByRole('region', { name: 'Contents' });
      await contents.getByText(TOO_LARGE).waitFor();
      await contents.getByText(NO_FILM).waitFor();
      await waitUntil(async () => (await titlesOf(page, 'Films')).join() === 'Late,Rare,video');
      const tray = page.getByRole('region', { name: 'Uploads' });
      await tray.getByText('All uploads are finished').waitFor();
      expect(sent()).toHaveLength(3);
      expect(scripts().filter(isInspector)).toHaveLength(1);

      const warnings = (name: string) => tray.getByRole('list', { name: `Warnings: ${name}` });
      expect(await warnings('Late.mp4').getByRole('listitem').allTextContents()).toEqual([
        expect.stringContaining(LATE),
      ]);
      expect(await warnings('Rare.mp4').getByRole('listitem').allTextContents()).toEqual([
        expect.stringContaining(HEVC),
        expect.stringContaining(AC3),
      ]);
      expect(await warnings('video.mp4').count()).toBe(0);
      await tray.getByRole('button', { name: 'Got it: Late.mp4' }).click();
      await warnings('Late.mp4').waitFor({ state: 'detached' });
      expect(await warnings('Rare.mp4').count()).toBe(1);
      await page.close();
    },
  );

  it('on the page of a lesson: refused ones are named beside the field, and another can be chosen', async () => {
    const { page, client } = await studio.signIn('eve');
    const { topicId } = await topicOf(client);
    const { id } = await createVideo(client, topicId, 'Empty');
    await page.goto(studio.at(`/videos/${id}`));
    const sent = uploadsOf(page);
    const main = page.getByRole('main');
    for (const [file, sentence] of [
      [tooLarge, TOO_LARGE],
      [noFilm, NO_FILM],
    ] as const) {
      await page.getByLabel('File', { exact: true }).setInputFiles(file);
      await main.getByRole('alert').getByText(sentence).waitFor();
    }
    expect(sent()).toEqual([]);
    await page.getByLabel('File', { exact: true }).setInputFiles(film);
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();

    await page.getByLabel('Replace the video').setInputFiles(late);
    const tray = page.getByRole('region', { name: 'Uploads' });
    await tray.getByText(LATE).waitFor();
    await page.getByLabel('Poster picture').setInputFiles({ ...picture, buffer: noFilm.buffer });
    await main.getByText('thumbnail.jpg is not a picture.').waitFor();
    // It is sent already, so only the tray tells it.
    expect(await page.getByText(LATE).count()).toBe(1);
    await tray.getByRole('button', { name: 'Got it: Late.mp4' }).click();
    await page.getByText(LATE).waitFor({ state: 'detached' });
    await tray.getByText('All uploads are finished').waitFor();
    expect(sent()).toHaveLength(2);
    await page.close();
  });

  it('in the form of a course: an intro video that cannot be sent is refused while the form is open', async () => {
    const { page } = await studio.signIn('tim');
    const sent = uploadsOf(page);
    await page.getByRole('button', { name: 'New course' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Title').fill('Checked');
    await form.getByLabel('Intro video').setInputFiles(tooLarge);
    await form.getByText(TOO_LARGE).waitFor();
    await form.getByLabel('Intro video').setInputFiles(rare);
    await form.getByText(HEVC).waitFor();
    await form.getByText('Rare.mp4, ').waitFor();
    await form.getByLabel('Intro video').setInputFiles(film);
    await form.getByText(HEVC).waitFor({ state: 'detached' });
    expect(sent()).toEqual([]);
    await form.getByRole('button', { name: 'Create course' }).click();
    await page.getByRole('region', { name: 'Uploads' }).getByText('All uploads are finished').waitFor();
    expect(sent()).toHaveLength(1);
    await page.close();
  });
});

/** Notes the requests that begin an upload or send a file. */
function uploadsOf(page: Page): () => readonly Request[] {
  const found: Request[] = [];
  page.on('request', (request) => {
    const isForm = request.headers()['content-type']?.startsWith('multipart/form-data');
    if (isForm || request.method() === 'PUT' || request.postData()?.includes('startUpload')) found.push(request);
  });
  return () => found;
}

/** Notes the addresses of the scripts that a page loads, those of its workers too. */
function scriptsOf(page: Page): () => readonly string[] {
  const found: string[] = [];
  page.on('request', (request) => found.push(request.url()));
  page.on('worker', (worker) => found.push(worker.url()));
  return () => [...new Set(found)].filter((url) => url.endsWith('.js'));
}

const isInspector = (url: string): boolean => url.includes('/inspect.worker-');
