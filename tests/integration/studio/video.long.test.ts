import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { fixtures } from '../../support/fixtures.js';
import { longVideo } from '../../support/long-video.js';
import { patience, waitUntil } from '../../support/patience.js';
import { useStudio } from './studio.js';

const at = async (page: Page): Promise<number> => Number(await page.getByRole('slider', { name: 'Seek' }).inputValue());

async function lesson(client: Client, title: string, file = longVideo(30, 20_000)) {
  const course = await createCourse(client, { title: `Course of ${title}` });
  const topicId = await createTopic(client, course.id, 'Only');
  const { id } = await createVideo(client, topicId, title, { file });
  return { id, topicId, courseId: course.id };
}

describe.skipIf(!hasChromium)('a lesson in the studio', () => {
  const studio = useStudio();

  it('plays, seeks, changes its speed and is driven by keys; the next visit continues where it was left', async () => {
    const { page, client } = await studio.signIn('ada');
    const { id } = await lesson(client, 'Knots');
    await page.goto(studio.at(`/videos/${id}`));
    await page.getByText('0:00 / 1:00').waitFor();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await waitUntil(async () => (await at(page)) > 0.3);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('slider', { name: 'Seek' }).fill('20');
    await waitUntil(async () => (await at(page)) === 20);
    await page.getByLabel('Speed').selectOption('1.5×');
    await page.getByLabel('Knots', { exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await waitUntil(async () => (await at(page)) === 25);
    await page.keyboard.press('j');
    await waitUntil(async () => (await at(page)) === 15);
    await page.keyboard.press('>');
    expect(await page.getByLabel('Speed').inputValue()).toBe('1.75');
    await page.keyboard.press('m');
    await page.getByRole('button', { name: 'Unmute' }).waitFor();
    await page.keyboard.press('k');
    await waitUntil(async () => (await at(page)) > 17.5);
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    const left = await at(page);
    await page.reload();
    await waitUntil(async () => Math.abs((await at(page)) - left) < 0.5);
    await page.close();
  });

  it('leads a student from a preview to what is locked, and on after the sign-in; watched lessons are marked', async () => {
    const { page: instructor, client } = await studio.signIn('tim');
    await instructor.close();
    const { id, topicId, courseId } = await lesson(client, 'First', fixtures.video);
    await createVideo(client, topicId, 'Second', { file: fixtures.video });
    const preview = await studio.signIn('tim');
    await preview.page.goto(studio.at(`/courses/${courseId}`));
    await preview.page.getByRole('button', { name: 'Actions for First' }).click();
    await preview.page.getByRole('menuitem', { name: 'Offer as preview' }).click();
    await preview.page.getByText('Preview', { exact: true }).waitFor();
    await preview.page.close();

    const page = await studio.visit(`/courses/${courseId}`, 'phone');
    await page.getByRole('link', { name: 'Start the course' }).click();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByRole('link', { name: /First \(Watched\)/ }).waitFor();
    expect(page.url()).toBe(studio.at(`/videos/${id}`));
    await page.getByRole('link', { name: 'Next lesson' }).click();
    await page.getByRole('heading', { name: 'Sign in to watch this lesson' }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Token').fill((await studio.signIn('sam', 'student')).token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Second' }).waitFor();
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Back to Course of First' }).click();
    await page.getByText('1 of 2 watched').waitFor();
    await page.close();
  });
});

/** How long a URL lives, in seconds: long enough for a slow machine to load it, and four within a film of a minute. */
const URL_SECONDS = Math.min(14, Math.ceil(patience(8_000) / 1_000));

describe.skipIf(!hasChromium)('a lesson whose URL lives for some seconds', () => {
  const studio = useStudio(() => Promise.resolve({ VIDEO_URL_TTL_SECONDS: String(URL_SECONDS) }));

  it('plays on over several URLs, without going back and without a stop', async () => {
    const { page, client } = await studio.signIn('ada');
    const { id } = await lesson(client, 'Long', longVideo(30, 1_500_000));
    await page.goto(studio.at(`/videos/${id}`));
    await page.getByText('0:00 / 1:00').waitFor();
    await page.evaluate(WATCH);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await waitUntil(async () => await page.evaluate('window.urls.size >= 4 && window.positions.at(-1) > 5'), {
      within: 60_000,
    });
    const positions = await page.evaluate<number[]>('window.positions');
    expect(positions.length).toBeGreaterThan(5);
    expect(positions.filter((position, index) => position < (positions[index - 1] ?? 0))).toEqual([]);
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await page.close();
  });
});

/** Notes each URL and each position that is shown. While a source is changed, the last frame is shown. */
const WATCH = `(() => {
  const video = document.querySelector('main video');
  window.urls = new Set([video.src]);
  window.positions = [];
  new MutationObserver(() => window.urls.add(video.src)).observe(video, { attributeFilter: ['src'] });
  video.addEventListener('timeupdate', () => {
    if (document.querySelector('main canvas').hidden) window.positions.push(video.currentTime);
  });
})()`;
