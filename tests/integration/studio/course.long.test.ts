import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { dataOf } from '../../support/graphql-client.js';
import { VideoOrderDocument } from '../../support/gql/graphql.js';
import { waitUntil } from '../../support/patience.js';
import { choose, DEVICES, titlesOf, useStudio } from './studio.js';

describe.skipIf(!hasChromium)('a course in the studio', () => {
  const studio = useStudio();

  async function course(client: Client, videos: readonly string[]) {
    const { id } = await createCourse(client, { title: 'Ordered' });
    const topicId = await createTopic(client, id, 'Knots');
    const titles = new Map<string, string>();
    for (const title of videos) titles.set((await createVideo(client, topicId, title)).id, title);
    /** The titles in the order that the server has, a hundred at most. */
    const stored = async (): Promise<string> => {
      const { topic } = dataOf(await client.send(VideoOrderDocument, { topicId }));
      return topic!.videos.nodes.map((video) => titles.get(video.id)).join();
    };
    return { id, topicId, stored };
  }

  const shows = (page: Page, list: string, titles: readonly string[]) =>
    waitUntil(async () => JSON.stringify(await titlesOf(page, list)) === JSON.stringify(titles));

  it('is ordered by dragging, by the menu and by keys', async () => {
    const { page, client } = await studio.signIn('ada');
    const { id, stored } = await course(client, ['a', 'b', 'c', 'd']);
    await page.goto(studio.at(`/courses/${id}`));
    await shows(page, 'Knots', ['a', 'b', 'c', 'd']);

    await drag(
      page,
      page.getByRole('button', { name: 'Move a', exact: true }),
      page.getByRole('link', { name: 'c', exact: true }),
    );
    await shows(page, 'Knots', ['b', 'c', 'a', 'd']);
    await waitUntil(async () => (await stored()) === 'b,c,a,d');

    await page.setViewportSize(DEVICES.phone);
    await choose(page, 'Move d', 'Move to the top');
    await shows(page, 'Knots', ['d', 'b', 'c', 'a']);
    await page.getByText('d is now 1 of 4.').waitFor({ state: 'attached' });

    const handle = page.getByRole('button', { name: 'Move b', exact: true });
    await handle.focus();
    await page.keyboard.press('Alt+ArrowDown');
    await page.keyboard.press('Alt+ArrowDown');
    await shows(page, 'Knots', ['d', 'c', 'a', 'b']);
    expect(await handle.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Move b');
    await waitUntil(async () => (await stored()) === 'd,c,a,b');
    await page.close();
  });

  it('shows what the server has after a CONFLICT, and says so', async () => {
    const { page, client } = await studio.signIn('eve');
    const { id, topicId } = await course(client, ['a', 'b']);
    await page.goto(studio.at(`/courses/${id}`));
    await shows(page, 'Knots', ['a', 'b']);
    await createVideo(client, topicId, 'c');
    await choose(page, 'Move b', 'Move up');
    await page.getByRole('alert').getByText('Someone else changed this list').waitFor();
    await shows(page, 'Knots', ['a', 'b', 'c']);
    await choose(page, 'Move c', 'Move to the top');
    await shows(page, 'Knots', ['c', 'a', 'b']);
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await page.close();
  });

  it('has its topics moved, renamed and deleted, and its videos renamed, previewed and deleted', async () => {
    const { page, client } = await studio.signIn('tim');
    const { id } = await course(client, ['a', 'b']);
    await createTopic(client, id, 'Wind');
    await page.goto(studio.at(`/courses/${id}`));
    const topics = async (): Promise<string[]> => page.getByRole('heading', { level: 3 }).allTextContents();
    await choose(page, 'Move Wind', 'Move up');
    await waitUntil(async () => (await topics()).join() === 'Wind,Knots');
    await choose(page, 'Actions for topic Wind', 'Edit topic');
    await page.getByRole('dialog').getByLabel('Title').fill('Weather');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await waitUntil(async () => (await topics()).join() === 'Weather,Knots');
    await choose(page, 'Actions for a', 'Offer as preview');
    await page.getByText('Preview', { exact: true }).waitFor();
    await choose(page, 'Actions for a', 'Rename');
    await page.getByRole('dialog').getByLabel('Title').fill('A');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Knots', ['A', 'b']);
    await choose(page, 'Actions for b', 'Delete video');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete video' }).click();
    await shows(page, 'Knots', ['A']);
    await choose(page, 'Actions for topic Knots', 'Delete topic');
    await page.getByRole('dialog').getByText('With it go 1 video').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete topic' }).click();
    await waitUntil(async () => (await topics()).join() === 'Weather');
    await page.reload();
    await waitUntil(async () => (await topics()).join() === 'Weather');
    await page.close();
  });
});

/** Drags a handle below the middle of a row, as a hand does: in steps. */
async function drag(page: Page, handle: Locator, target: Locator): Promise<void> {
  const from = (await handle.boundingBox())!;
  const to = (await target.boundingBox())!;
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + from.width / 2 + 4, from.y + from.height / 2 + 12, { steps: 4 });
  await page.mouse.move(to.x + 20, to.y + to.height + 14, { steps: 12 });
  await page.mouse.up();
}
