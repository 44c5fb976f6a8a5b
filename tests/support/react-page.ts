import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { startApp, tokenFor, type TestApp } from './app.js';
import { startBrowser, type TestBrowser } from './browser.js';
import { fixtures } from './fixtures.js';
import { createReactProject, type ReactProject } from './react-project.js';
import { startSite, type ReactSite } from './react-site.js';

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
  let app: TestApp;
  let project: ReactProject;
  let site: ReactSite;
  let browser: TestBrowser;
  let page: Page;
  /** The errors that the page did not catch. */
  let uncaught: Error[];

  beforeAll(async () => {
    [app, project, browser] = await Promise.all([startApp(), createReactProject(), startBrowser()]);
    site = await startSite(await project.build(), app.url);
    page = await browser.context.newPage();
    page.on('pageerror', (error) => uncaught.push(error));
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
    await app.remove();
    await project.remove();
  });

  beforeEach(async () => {
    uncaught = [];
    site.fault = null;
    await page.goto(site.origin);
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
      return site;
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
