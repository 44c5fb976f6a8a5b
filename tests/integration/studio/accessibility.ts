import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { DEVICES, type Device } from './studio.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The narrowest window that WCAG 2.2 asks for (1.4.10), in CSS pixels. */
const NARROWEST = 320;
/** The smallest side of what is pressed (2.5.8), in CSS pixels. */
const SMALLEST_TARGET = 24;

/** Checks a page in both colour schemes with axe-core, the sizes of what is pressed, and on a phone the narrowest window. */
export async function expectAccessible(page: Page, name: string, device: Device): Promise<void> {
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

/**
 * What can be pressed and is too small. A check box is pressed by its label, which is around it. Links in a sentence may be
 * as small as its text (the exception "inline" of 2.5.8).
 */
const SMALL_TARGETS = `[...document.querySelectorAll('button, select, input, textarea, summary, a, [role=menuitem]')]
  .filter((target) => !target.closest('p, h2, .visually-hidden'))
  .map((target) => (target.type === 'checkbox' ? target.closest('label') : target))
  .filter((target) => target.checkVisibility() && target.getClientRects().length > 0)
  .map((target) => [target, target.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < ${SMALLEST_TARGET})
  .map(([target, { width, height }]) => (target.ariaLabel ?? target.textContent) + ' ' + width + ' x ' + height)`;

/** Two frames, and the end of every transition but those that never end. */
const SETTLED = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() =>
  Promise.allSettled(document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
    .map(({ finished }) => finished)))`;
