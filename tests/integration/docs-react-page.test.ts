import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { hasChromium, startBrowser, type TestBrowser } from '../support/browser.js';
import { fixtures } from '../support/fixtures.js';
import { createReactProject, type ReactProject } from '../support/react-project.js';
import { startSite, type ReactSite } from '../support/react-site.js';

/** As nginx answers. */
const html = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>`;

describe.skipIf(!hasChromium)('the React page of the README, built by Vite, in a browser', () => {
  let app: TestApp;
  let project: ReactProject;
  let site: ReactSite;
  let browser: TestBrowser;
  let page: Page;
  /** What nobody has caught in the page. */
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

  const fileOf = (name: 'thumbnail' | 'intro') => {
    const { filename, contentType, bytes } = fixtures[name];
    return { name: filename, mimeType: contentType, buffer: Buffer.from(bytes) };
  };
  const create = () => page.getByRole('button', { name: 'Create' }).click();

  /** The sentence stands on a page that still has what was typed. */
  async function expectSentence(sentence: string | RegExp): Promise<void> {
    await page.getByRole('alert').waitFor();
    const text = await page.getByRole('alert').textContent();
    if (typeof sentence === 'string') expect(text).toBe(sentence);
    else expect(text).toMatch(sentence);
    expect(await page.getByPlaceholder('Title').inputValue()).toBe('Sailing for beginners');
    expect(await page.getByRole('button', { name: 'Create' }).isEnabled()).toBe(true);
    expect(uncaught).toEqual([]);
  }

  async function expectCourse(): Promise<void> {
    await page.getByAltText('Sailing for beginners').waitFor();
    await page.waitForFunction('document.querySelector("img").naturalWidth > 0');
    await page.waitForFunction('document.querySelector("video").readyState > 0');
    expect(await page.locator('[role=alert]').count()).toBe(0);
    expect(await page.getByPlaceholder('Title').inputValue()).toBe('');
    expect(uncaught).toEqual([]);
  }

  it('creates a course, and shows its picture and its video', async () => {
    await create();
    await expectCourse();
  });

  it('a refused file: says what the server says', async () => {
    const notAPicture = { name: 'page.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('<!doctype html><p>Hello') };
    await page.locator('input[name=thumbnail]').setInputFiles(notAPicture);
    const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'));
    await create();
    const { errors } = (await (await answered).json()) as { errors: { message: string; extensions: object }[] };
    expect(errors[0]?.extensions).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    await expectSentence(errors[0]!.message);

    await page.locator('input[name=thumbnail]').setInputFiles(fileOf('thumbnail'));
    await create();
    await expectCourse();
  });

  it('an expired token: says to sign in again', async () => {
    await page.getByPlaceholder('Token').fill(await tokenFor('alice', 'instructor', -60));
    await create();
    await expectSentence(/Sign in again\.$/);

    await page.getByPlaceholder('Token').fill(await tokenFor('alice', 'instructor'));
    await create();
    await expectCourse();
  });

  it.each([
    [413, html('413 Request Entity Too Large'), 'The server does not take files of this size.'],
    [502, html('502 Bad Gateway'), 'The server cannot answer now (HTTP status 502). Try again in a minute.'],
    [200, html('Welcome to the Wi-Fi'), 'The server cannot answer now (HTTP status 200). Try again in a minute.'],
  ])('an HTML answer of a proxy, status %d: says what to do', async (status, answer, sentence) => {
    site.fault = { status, html: answer };
    await create();
    await expectSentence(sentence);

    site.fault = null;
    await create();
    await expectCourse();
  });

  it('a lost connection: says that it was lost', async () => {
    site.fault = 'connection lost';
    await create();
    await expectSentence(/^The connection was lost\./);

    site.fault = null;
    await create();
    await expectCourse();
  });
});
