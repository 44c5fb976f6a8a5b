import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo } from '../../support/client.js';
import { waitUntil } from '../../support/patience.js';
import { choose, dropFromDisk, film, picture, titlesOf, useStudio } from './studio.js';

describe.skipIf(!hasChromium)('the courses of the studio', () => {
  const studio = useStudio();

  it('are searched while typing, filtered and ordered, and the address keeps it', async () => {
    const { page, client } = await studio.signIn('ada');
    await createCourse(client, { title: 'Sailing at night', level: 'ADVANCED', category: 'sports' });
    await createCourse(client, { title: 'Sailing by day', level: 'BEGINNER', category: 'sports' });
    await createCourse(client, { title: 'A garden', level: 'BEGINNER', status: 'DRAFT' });
    await page.reload();
    const shows = (titles: readonly string[]) =>
      waitUntil(async () => JSON.stringify(await titlesOf(page, 'Courses')) === JSON.stringify(titles));
    await shows(['A garden', 'Sailing by day', 'Sailing at night']);
    await page.getByLabel('Search courses').fill('sail');
    await shows(['Sailing by day', 'Sailing at night']);
    await page.getByLabel('Order').selectOption('Title, A to Z');
    await shows(['Sailing at night', 'Sailing by day']);
    await page.getByLabel('Level').selectOption('Beginner');
    await shows(['Sailing by day']);
    await page.reload();
    await shows(['Sailing by day']);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByLabel('State').selectOption('Draft');
    await shows(['A garden']);
    await page.getByLabel('Search courses').fill('nothing like it');
    await page.getByRole('heading', { name: 'No course matches' }).waitFor();
    await page.close();
  });

  it('appear as one scrolls', async () => {
    const { page, client } = await studio.signIn('many');
    for (let index = 0; index < 60; index++) await createCourse(client, { title: `Course ${index}`, category: 'many' });
    await page.goto(studio.at('/?category=many'));
    await page.getByText('60 courses').waitFor();
    await waitUntil(async () => {
      await page.evaluate('scrollTo(0, document.body.scrollHeight)');
      return (await titlesOf(page, 'Courses')).length === 60;
    });
    expect(new Set(await titlesOf(page, 'Courses')).size).toBe(60);
    await page.close();
  });

  it('are edited, published, archived and deleted, with what goes with them named', async () => {
    const { page, client } = await studio.signIn('eve', 'instructor', 'phone');
    const { id } = await createCourse(client, { title: 'To change', status: 'DRAFT' });
    const topicId = await createTopic(client, id, 'One');
    for (const title of ['a', 'b']) await createVideo(client, topicId, title);
    await page.reload();
    await choose(page, 'Actions for To change', 'Edit');
    await page.getByLabel('Title').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Give the course a title.').waitFor();
    await page.getByLabel('Title').fill('Changed');
    await page.getByLabel('Thumbnail').setInputFiles({ ...film, name: 'film.mp4' });
    await page.getByText('film.mp4 is not a picture.').waitFor();
    await page.getByLabel('Thumbnail').setInputFiles(picture);
    await page.getByLabel('Intro video').setInputFiles(film);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('region', { name: 'Uploads' }).getByText('All uploads are finished').waitFor();
    await page.locator('li img').first().waitFor();
    await choose(page, 'Actions for Changed', 'Publish');
    await choose(page, 'Actions for Changed', 'Archive');
    await page.getByRole('listitem').getByText('Archived').waitFor();
    await choose(page, 'Actions for Changed', 'Delete');
    const dialog = page.getByRole('dialog', { name: 'Delete “Changed”?' });
    await dialog.getByText('With it go 1 topic and 2 videos').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await choose(page, 'Actions for Changed', 'Delete');
    await dialog.getByText('With it go').waitFor();
    await dialog.getByRole('button', { name: 'Delete course' }).click();
    await page.getByRole('link', { name: 'Changed' }).waitFor({ state: 'detached' });
    await page.close();
  });

  it('take a thumbnail and an intro video that are pasted or dropped into their form', async () => {
    const { page } = await studio.signIn('tim');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: studio.app.origin });
    await page.getByRole('button', { name: 'New course' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Title').fill('Pasted');
    await page.evaluate(COPY_PICTURE);
    await page.keyboard.press('Control+V');
    await form.getByText(/^image\.png, /).waitFor();
    expect(await form.getByLabel('Title').inputValue()).toBe('Pasted');

    const intro = form.getByLabel('Intro video');
    await dropFromDisk(page, intro, fileURLToPath(new URL('thumbnail.jpg', FIXTURES)));
    await form.getByText('thumbnail.jpg is not a video.').waitFor();
    await dropFromDisk(page, intro, fileURLToPath(new URL('intro.mp4', FIXTURES)));
    await form.getByText('intro.mp4, 12.5 KB').waitFor();
    await dropFromDisk(page, form.getByLabel('Thumbnail'), fileURLToPath(new URL('thumbnail.jpg', FIXTURES)));
    await form.getByText('thumbnail.jpg, 18.5 KB').waitFor();
    await page.evaluate(pasteFilm(film.buffer.toString('base64')));
    await form.getByText('pasted.mp4, 52.8 KB').waitFor();

    await form.getByRole('button', { name: 'Create course' }).click();
    const tray = page.getByRole('region', { name: 'Uploads' });
    await tray.getByText('All uploads are finished').waitFor();
    expect(await tray.getByText(/^Published · (18\.5|52\.8) KB/).count()).toBe(2);
    await page.close();
  });
});

const FIXTURES = new URL('../../fixtures/', import.meta.url);

/** Puts a picture on the clipboard, as a program for screenshots does. */
const COPY_PICTURE = `new Promise((resolve) => Object.assign(document.createElement('canvas'), { width: 40, height: 30 }).toBlob(resolve))
  .then((picture) => navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]))`;

/** Pastes a film on the field of the intro video. A page cannot put one on the clipboard, so the event has the file. */
function pasteFilm(film: string): string {
  return `(() => {
    const bytes = Uint8Array.from(atob('${film}'), (char) => char.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], 'pasted.mp4', { type: 'video/mp4' }));
    const field = [...document.querySelectorAll('dialog label')].find(({ textContent }) => textContent === 'Intro video').control;
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  })()`;
}
