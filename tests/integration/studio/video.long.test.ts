import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { longVideo } from '../../support/long-video.js';
import { waitUntil } from '../../support/patience.js';
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
});
