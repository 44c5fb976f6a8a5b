import { expect, it } from 'vitest';
import { tokenFor } from '../../support/app.js';
import type { Client } from '../../support/client.js';
import { downloadedSha256 } from '../../support/download.js';
import { dataOf } from '../../support/graphql-client.js';
import { VideoOrderDocument, VideoDocument } from '../../support/gql/graphql.js';
import { patience, waitUntil } from '../../support/patience.js';
import { onEveryStorage } from '../../support/storages.js';
import { largeVideo } from '../upload-client/large-video.js';
import { allowPages } from '../upload-client/upload-site.js';
import { openTopic, useFilms } from './films-on-disk.js';
import { slowDown, titlesOf, useStudioOn } from './studio.js';

/** Films of three parts each, with different bytes. */
const FILMS = [1, 2, 3].map((seed) => largeVideo(20, seed));
/** Bytes per second: slow enough to be met on the way. */
const SLOWLY = 5 * 1024 * 1024;
/** How long three films may take, in milliseconds on an idle machine. */
const SENT_MS = 90_000;

onEveryStorage('uploads in the studio', (storage) => {
  const studio = useStudioOn(storage, allowPages);
  const filmAt = useFilms(FILMS);
  const films = (...numbers: number[]): string[] => numbers.map(filmAt);

  /** Waits until the files of a topic's videos are published, and compares every byte with what was sent. */
  async function expectPublished(client: Client, topicId: string, seeds: readonly number[]): Promise<void> {
    const { topic } = dataOf(await client.send(VideoOrderDocument, { topicId }));
    const ids = topic!.videos.nodes.map(({ id }) => id);
    expect(ids).toHaveLength(seeds.length);
    for (const [index, id] of ids.entries()) {
      const url = await waitUntil(async () => dataOf(await client.send(VideoDocument, { id })).video?.file?.url, {
        within: SENT_MS,
        interval: 200,
      });
      expect(await downloadedSha256(url)).toBe(FILMS[seeds[index]! - 1]!.sha256);
    }
  }

  it('three films are sent while the page changes routes, without a network for a while, paused and resumed', async () => {
    const { page, client, topicId } = await openTopic(studio, 'ada');
    const network = await slowDown(page, SLOWLY);
    await page.getByLabel('Add videos to Films').setInputFiles(films(1, 2, 3));
    const tray = page.getByRole('region', { name: 'Uploads' });
    await tray.getByText(/MB\/s/).first().waitFor();
    await page.getByRole('link', { name: 'Film 2', exact: true }).click();
    await page.getByRole('heading', { name: 'This lesson has no video yet' }).waitFor();
    await page.getByRole('link', { name: 'Courses', exact: true }).click();
    await page.getByRole('heading', { name: 'Courses' }).waitFor();
    await tray.getByRole('button', { name: 'Pause: Film 3.mp4' }).click();
    await tray.getByText(/^Paused/).waitFor();
    await network(true);
    await tray
      .getByText(/^No connection/)
      .first()
      .waitFor();
    await network(false);
    await tray.getByRole('button', { name: 'Resume: Film 3.mp4' }).click();
    await tray.getByText('All uploads are finished').waitFor({ timeout: patience(SENT_MS) });
    expect(await tray.getByText(/^Published/).count()).toBe(3);
    await expectPublished(client, topicId, [1, 2, 3]);
    await page.getByRole('link', { name: 'To fill' }).click();
    await waitUntil(async () => (await titlesOf(page, 'Films')).join() === 'Film 1,Film 2,Film 3');
    await page.close();
  });

  it('a reload in the middle offers to continue with the same file, or to discard', async () => {
    const { page, client, topicId } = await openTopic(studio, 'eve');
    await slowDown(page, SLOWLY);
    await page.getByLabel('Add videos to Films').setInputFiles(films(1, 2));
    const tray = page.getByRole('region', { name: 'Uploads' });
    await tray.getByText(/MB\/s/).first().waitFor();
    for (const number of [1, 2]) await tray.getByRole('button', { name: `Pause: Film ${number}.mp4` }).click();
    await waitUntil(async () => (await tray.getByText(/^Paused/).count()) === 2);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await waitUntil(async () => (await tray.getByText(/^Interrupted/).count()) === 2);
    await tray.getByRole('button', { name: 'Discard: Film 2.mp4' }).click();
    await tray.getByText('Film 2.mp4').waitFor({ state: 'detached' });
    await tray.getByLabel('Choose the file to continue: Film 1.mp4').setInputFiles(films(3));
    await tray
      .getByRole('alert')
      .getByText(/other content/)
      .waitFor();
    await tray.getByLabel('Choose the file to continue: Film 1.mp4').setInputFiles(films(1));
    await tray.getByText(/^Published/).waitFor({ timeout: patience(SENT_MS) });
    const { topic } = dataOf(await client.send(VideoOrderDocument, { topicId }));
    const file = dataOf(await client.send(VideoDocument, { id: topic!.videos.nodes[0]!.id })).video?.file;
    expect(await downloadedSha256(file!.url)).toBe(FILMS[0]!.sha256);
    await page.reload();
    await page.getByRole('heading', { name: 'To fill' }).waitFor();
    await page.waitForLoadState('networkidle');
    expect(await tray.count()).toBe(0);
    await page.close();
  });

  it('a token that expires in the middle is asked for, and the upload continues', async () => {
    const { page, client, topicId, token } = await openTopic(studio, 'tim');
    await slowDown(page, SLOWLY);
    const expired = await tokenFor('tim', 'instructor', -3_600);
    let isOver = false;
    await page.route('**/graphql', async (route) => {
      const headers = await route.request().allHeaders();
      const isOld = isOver && headers['authorization'] === `Bearer ${token}`;
      await route.continue(isOld ? { headers: { ...headers, authorization: `Bearer ${expired}` } } : {});
    });
    await page.getByLabel('Add videos to Films').setInputFiles(films(2));
    await page.getByRole('region', { name: 'Uploads' }).getByText(/MB\/s/).waitFor();
    isOver = true;
    const dialog = page.getByRole('dialog', { name: 'Your sign-in has ended' });
    await dialog.getByLabel('Token').fill(await tokenFor('tim', 'instructor', 3_600));
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('region', { name: 'Uploads' })
      .getByText(/^Published/)
      .waitFor({ timeout: patience(SENT_MS) });
    await expectPublished(client, topicId, [2]);
    await page.close();
  });

  it('a folder that is dropped makes a topic of each folder; what is no video is left out', async () => {
    const { page, client } = await openTopic(studio, 'max');
    const small = Buffer.from(await FILMS[0]!.file.slice(0, 53_000).arrayBuffer()).toString('base64');
    await page.evaluate(dropFolder(small));
    await page.getByRole('heading', { name: 'Week 1' }).waitFor();
    await page.getByRole('heading', { name: 'Week 2' }).waitFor();
    await page.getByText('Not a video, so left out: notes.txt').waitFor();
    await waitUntil(async () => (await titlesOf(page, 'Week 1')).join() === '2 two,10 ten');
    await waitUntil(async () => (await titlesOf(page, 'Week 2')).join() === 'one');
    expect(client.token).toBeDefined();
    await page.close();
  });
});

/** Drops a folder on the contents of a course, with the objects that a browser would hand to the page. */
function dropFolder(film: string): string {
  return `(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(film)}), (char) => char.charCodeAt(0));
    const file = (name, type) => ({ kind: 'file', name, getFile: async () => new File([bytes], name, { type }) });
    const folder = (name, children) => ({ kind: 'directory', name, values: async function* () { yield* children } });
    const root = folder('Sailing', [
      folder('Week 1', [file('10_ten.mp4', 'video/mp4'), file('2_two.mp4', 'video/mp4'), file('notes.txt', 'text/plain')]),
      folder('Week 2', [file('one.mp4', 'video/mp4')]),
    ]);
    const item = { kind: 'file', getAsFileSystemHandle: async () => root, webkitGetAsEntry: () => null, getAsFile: () => null };
    const target = document.querySelector('[aria-label="Contents"]');
    const event = new Event('drop', { bubbles: true, cancelable: true });
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [item] } });
    target.dispatchEvent(event);
  })()`;
}
