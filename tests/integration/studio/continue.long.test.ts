import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startBrowser } from '../../support/browser.js';
import { downloadedSha256 } from '../../support/download.js';
import { dataOf } from '../../support/graphql-client.js';
import { VideoDocument, VideoOrderDocument } from '../../support/gql/graphql.js';
import { patience } from '../../support/patience.js';
import { onEveryStorage } from '../../support/storages.js';
import { largeVideo } from '../upload-client/large-video.js';
import { allowPages } from '../upload-client/upload-site.js';
import { openTopic, useFilms } from './films-on-disk.js';
import { dropFromDisk, slowDown, useStudioOn, type Person } from './studio.js';

/** Films of two parts each, of the same size with different bytes. */
const FILMS = [1, 2].map((seed) => largeVideo(12, seed));
/** Bytes per second: slow enough to be met on the way. */
const SLOWLY = 3 * 1024 * 1024;
/** How long a film may take, in milliseconds on an idle machine. */
const SENT_MS = 60_000;

onEveryStorage('uploads that are continued in the studio', (storage) => {
  const studio = useStudioOn(storage, allowPages);
  const pathOf = useFilms(FILMS);
  const trayOf = (page: Page) => page.getByRole('region', { name: 'Uploads' });

  /** Waits until a part of the film has arrived, and stops the upload. */
  async function pauseOnTheWay(page: Page): Promise<void> {
    await trayOf(page).getByText(/MB\/s/).waitFor();
    await trayOf(page).getByRole('button', { name: 'Pause: Film 1.mp4' }).click();
    await trayOf(page)
      .getByText(/^Paused/)
      .waitFor();
  }

  async function expectPublished({ client, topicId }: Pick<Person, 'client'> & { topicId: string }): Promise<void> {
    const { topic } = dataOf(await client.send(VideoOrderDocument, { topicId }));
    const { video } = dataOf(await client.send(VideoDocument, { id: topic!.videos.nodes[0]!.id }));
    expect(await downloadedSha256(video!.file!.url)).toBe(FILMS[0]!.sha256);
  }

  it('after a reload without choosing the file again, where the browser has kept its handle', async () => {
    const { page, client, topicId } = await openTopic(studio, 'ada');
    await slowDown(page, SLOWLY);
    await page.evaluate(ADD_INPUT);
    await page.locator('#kept').setInputFiles(pathOf(1));
    await page.evaluate(KEEP_AND_DROP);
    await pauseOnTheWay(page);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    const tray = trayOf(page);
    await tray.getByText(/^Interrupted/).waitFor();
    expect(await tray.getByLabel(/^Choose the file to continue/).count()).toBe(0);
    await tray.getByRole('button', { name: 'Continue: Film 1.mp4', exact: true }).click();
    await tray.getByText(/^Published/).waitFor({ timeout: patience(SENT_MS) });
    await expectPublished({ client, topicId });
    await page.close();
  });

  it('a file that is dropped from the disk leaves its handle', async () => {
    const { page } = await openTopic(studio, 'eve');
    await slowDown(page, SLOWLY);
    await dropFromDisk(page, page.getByRole('heading', { name: 'Films' }), pathOf(1));
    await pauseOnTheWay(page);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    // The browser asks before the page may read the file again; nobody can answer in a browser without a window.
    await trayOf(page).getByRole('button', { name: 'Continue: Film 1.mp4', exact: true }).waitFor();
    await trayOf(page).getByRole('button', { name: 'Discard: Film 1.mp4' }).click();
    await trayOf(page).waitFor({ state: 'detached' });
    await page.close();
  });

  it('in another browser with the same file, and with no other', async () => {
    const { page, client, topicId, token } = await openTopic(studio, 'tim');
    await slowDown(page, SLOWLY);
    await page.getByLabel('Add videos to Films').setInputFiles(pathOf(1));
    await pauseOnTheWay(page);

    const other = await startBrowser();
    try {
      const there = await other.context.newPage();
      await there.goto(`${studio.at('/')}#token=${token}`);
      const tray = trayOf(there);
      await tray.getByText(/^Begun in another browser/).waitFor();
      const choice = tray.getByLabel('Choose the file to continue: Film 1.mp4');
      await choice.setInputFiles(pathOf(2));
      await tray.getByRole('alert').getByText('it has the same size and other content').waitFor();
      await choice.setInputFiles(pathOf(1));
      await tray.getByText(/^Published/).waitFor({ timeout: patience(SENT_MS) });
    } finally {
      await other.close();
    }
    await expectPublished({ client, topicId });
    // The first browser finds that nothing is left to do.
    await trayOf(page).getByRole('button', { name: 'Resume: Film 1.mp4' }).click();
    await trayOf(page)
      .getByText(/^Published/)
      .waitFor();
    await page.close();
  });
});

const ADD_INPUT = `document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'kept' }))`;

/**
 * Keeps the file of the input in the private file system of the page, whose handles need no permission, and drops its
 * handle on the topic, as a browser hands over a file from the disk.
 */
const KEEP_AND_DROP = `(async () => {
  const [file] = document.querySelector('#kept').files;
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(file.name, { create: true });
  const writable = await handle.createWritable();
  await writable.write(file);
  await writable.close();
  const item = { kind: 'file', getAsFileSystemHandle: async () => handle, webkitGetAsEntry: () => null, getAsFile: () => null };
  const event = new Event('drop', { bubbles: true, cancelable: true });
  Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [item] } });
  document.querySelector('[aria-label="Contents"] h3').dispatchEvent(event);
})()`;
