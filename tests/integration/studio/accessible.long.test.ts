import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo } from '../../support/client.js';
import { fixtures } from '../../support/fixtures.js';
import { waitUntil } from '../../support/patience.js';
import { DEVICES, useStudio, type Device } from './studio.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The narrowest window that WCAG 2.2 asks for (1.4.10), in CSS pixels. */
const NARROWEST = 320;
/** The smallest side of what is pressed (2.5.8), in CSS pixels. */
const SMALLEST_TARGET = 24;

describe.skipIf(!hasChromium)('every page of the studio', () => {
  const studio = useStudio();

  it.each(['phone', 'desktop'] as const)('is accessible on a %s, dark and light', async (device) => {
    const { page, client } = await studio.signIn(`ada-${device}`, 'instructor', device);
    const { id } = await createCourse(
      client,
      {
        title: `A course with quite a long title ${device}`,
        level: 'BEGINNER',
        category: 'sports',
        description: 'Words.',
      },
      { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro },
    );
    const topicId = await createTopic(client, id, 'A topic');
    const video = await createVideo(client, topicId, 'A lesson', { file: fixtures.video });
    await createVideo(client, topicId, 'A lesson without a file');
    const look = (name: string): Promise<void> => expectAccessible(page, name, device);

    await page.reload();
    await page.getByRole('link', { name: `A course with quite a long title ${device}` }).waitFor();
    await look('courses');
    await page.getByRole('button', { name: 'New course' }).click();
    await page.getByRole('dialog').waitFor();
    await look('course form');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(studio.at(`/courses/${id}`));
    await page.getByRole('link', { name: 'A lesson', exact: true }).waitFor();
    await look('course');
    await page.getByRole('button', { name: 'Move A lesson', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Move down' }).waitFor();
    await look('menu');
    await page.goto(studio.at(`/videos/${video.id}`));
    await page.getByRole('form', { name: 'Add resource' }).waitFor();
    await look('lesson');
    await page
      .getByLabel('Resource file')
      .setInputFiles({ name: 'n.txt', mimeType: 'text/plain', buffer: Buffer.from('n\n') });
    await page.getByRole('button', { name: 'Add resource' }).click();
    await page
      .getByRole('region', { name: 'Uploads' })
      .getByText(/^Published/)
      .waitFor();
    await look('uploads');
    await page.close();

    const stranger = await studio.visit(`/videos/${video.id}`, device);
    await stranger.getByRole('heading', { name: 'Sign in to watch this lesson' }).waitFor();
    await expectAccessible(stranger, 'locked', device);
    await stranger.goto(studio.at('/sign-in'));
    await stranger.getByLabel('Token').waitFor();
    await expectAccessible(stranger, 'sign-in', device);
    await stranger.goto(studio.at('/nowhere'));
    await stranger.getByRole('heading', { name: 'There is no such page.' }).waitFor();
    await expectAccessible(stranger, 'not found', device);
    await stranger.close();
  });

  it('is reached by keys alone: skip link, menu, dialog', async () => {
    const { page } = await studio.signIn('eve');
    await page.getByRole('heading', { name: 'Courses' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.getByRole('button', { name: 'New course' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate('document.activeElement.labels[0].textContent.trim()')).toBe('Title');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('New course');
    await page.getByRole('button', { name: 'Account of eve' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await waitUntil(async () => (await page.evaluate('document.activeElement.textContent')) === 'Sign out');
    await page.close();
  });
});

async function expectAccessible(page: Page, name: string, device: Device): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // Colours that are still changing have another contrast.
    await page.evaluate(SETTLED);
    await page.evaluate(AXE);
    const violations = await page.evaluate(`axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`);
    expect(violations, `${name}, ${colorScheme}`).toEqual([]);
  }
  expect(await page.evaluate(SMALL_TARGETS), name).toEqual([]);
  if (device !== 'phone') return;
  await page.setViewportSize({ width: NARROWEST, height: DEVICES.phone.height });
  expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(NARROWEST);
  await page.setViewportSize(DEVICES.phone);
}

/** What can be pressed and is too small. Links in a sentence may be as small as its text. */
const SMALL_TARGETS = `[...document.querySelectorAll('button, select, input:not([type=checkbox]), a')]
  .filter((target) => target.checkVisibility() && !target.closest('p, h2, .visually-hidden') && target.getClientRects().length > 0)
  .map((target) => [target, target.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < ${SMALLEST_TARGET})
  .map(([target, { width, height }]) => (target.ariaLabel ?? target.textContent) + ' ' + width + ' x ' + height)`;

/** Two frames, and the end of every transition but those that never end. */
const SETTLED = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() =>
  Promise.allSettled(document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
    .map(({ finished }) => finished)))`;
