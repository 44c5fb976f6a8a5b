import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { tokenFor } from './app.js';
import { fixtures } from './fixtures.js';
import type { ReactSite } from './react-site.js';
import { openReactStage, STAGE_MS, type ReactStage } from './react-stage.js';

/** The React page of the README, built by Vite, in a browser, with the form filled in. */
export interface ReactPage {
  readonly page: Page;
  readonly site: ReactSite;
  /** Presses the button. */
  create(): Promise<void>;
  /** Waits for this sentence. The form must still be filled in. */
  expectSentence(sentence: string | RegExp): Promise<void>;
  /** Waits for the new course, with its picture and its video. */
  expectCourse(): Promise<void>;
}

/** For all tests of the calling suite. Each test has a new page. */
export function useReactPage(): ReactPage {
  let stage: ReactStage;
  let page: Page;
  /** The errors that the page did not catch. */
  let uncaught: Error[];

  beforeAll(async () => {
    stage = await openReactStage();
    page = await stage.browser.context.newPage();
    page.on('pageerror', (error) => uncaught.push(error));
  }, STAGE_MS);
  afterAll(() => stage.close());

  beforeEach(async () => {
    uncaught = [];
    stage.site.fault = null;
    await page.goto(stage.site.origin);
    await page.getByPlaceholder('Token').fill(await tokenFor('alice', 'instructor'));
    await page.getByPlaceholder('Title').fill('Sailing for beginners');
    await page.locator('input[name=thumbnail]').setInputFiles(fileOf('thumbnail'));
    await page.locator('input[name=introVideo]').setInputFiles(fileOf('intro'));
  });

  return {
    get page() {
      return page;
    },
    get site() {
      return stage.site;
    },
    create: () => page.getByRole('button', { name: 'Create' }).click(),
    async expectSentence(sentence: string | RegExp): Promise<void> {
      await page.getByRole('alert').waitFor();
      const text = await page.getByRole('alert').textContent();
      if (typeof sentence === 'string') expect(text).toBe(sentence);
      else expect(text).toMatch(sentence);
      expect(await page.getByPlaceholder('Title').inputValue()).toBe('Sailing for beginners');
      expect(await page.getByRole('button', { name: 'Create' }).isEnabled()).toBe(true);
      expect(uncaught).toEqual([]);
    },

    async expectCourse(): Promise<void> {
      await page.getByAltText('Sailing for beginners').waitFor();
      await page.waitForFunction('document.querySelector("img").naturalWidth > 0');
      await page.waitForFunction('document.querySelector("video").readyState > 0');
      expect(await page.locator('[role=alert]').count()).toBe(0);
      expect(await page.getByPlaceholder('Title').inputValue()).toBe('');
      expect(uncaught).toEqual([]);
    },
  };
}

/** A file of the fixtures, as Playwright passes it to a browser. */
export function fileOf(name: 'thumbnail' | 'intro') {
  const { filename, contentType, bytes } = fixtures[name];
  return { name: filename, mimeType: contentType, buffer: Buffer.from(bytes) };
}
