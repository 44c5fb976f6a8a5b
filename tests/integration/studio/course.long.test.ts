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

  it('with 500 videos is read whole, scrolls smoothly and is ordered', async () => {
    const { page, client } = await studio.signIn('max');
    const { id, stored } = await course(
      client,
      Array.from({ length: MANY }, (_, index) => `Video ${index}`),
    );
    await page.goto(studio.at(`/courses/${id}`));
    const rows = page.getByRole('list', { name: 'Knots' }).getByRole('listitem');
    await waitUntil(async () => (await rows.count()) === MANY, { interval: 500 });
    const drawn = await page.evaluate<number>(DRAWN_ROWS);
    expect(drawn).toBeGreaterThan(3);
    expect(drawn).toBeLessThan(MANY / 10);

    const { frames, workMs } = await scrollDown(page);
    expect(frames).toBeGreaterThan(10);
    expect(workMs / frames).toBeLessThan(FRAME_MS);
    await choose(page, 'Move Video 499', 'Move to the top');
    await waitUntil(async () => (await stored()).startsWith('Video 499,'));
    await page.close();
  });
});

/** How many videos a long course has. */
const MANY = 500;
/** The time for a frame at 50 frames per second, in milliseconds. */
const FRAME_MS = 1_000 / 50;
/** How far and how fast a hand scrolls, in CSS pixels and CSS pixels per second. */
const SCROLL = { distance: 12_000, speed: 4_000 };

/** How many rows the browser lays out and paints. */
const DRAWN_ROWS = `[...document.querySelectorAll('ol li ol li a')]
  .filter((title) => title.checkVisibility({ contentVisibilityAuto: true })).length`;

/**
 * Scrolls as a finger does, and notes the frames and the processor time of the page's thread for them. A busy machine
 * shows fewer frames a second, but the work for each of them stays the same.
 */
async function scrollDown(page: Page): Promise<{ frames: number; workMs: number }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const work = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1_000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  await page.evaluate(COUNT_FRAMES);
  const before = await work();
  const { width, height } = page.viewportSize()!;
  await devtools.send('Input.synthesizeScrollGesture', {
    x: width / 2,
    y: height / 2,
    yDistance: -SCROLL.distance,
    speed: SCROLL.speed,
  });
  const workMs = (await work()) - before;
  const frames = await page.evaluate<number>('window.frameCount()');
  return { frames, workMs };
}

/** Counts the frames from now on until `frameCount` is called. */
const COUNT_FRAMES = `(() => {
  let frames = 0;
  let isOver = false;
  const next = () => {
    frames += 1;
    if (!isOver) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
  window.frameCount = () => {
    isOver = true;
    return frames;
  };
})()`;

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
