import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Role } from '../../../src/auth/viewer.js';
import type { Environment } from '../../../src/config.js';
import { startApp, tokenFor, type TestApp } from '../../support/app.js';
import { startBrowser, type TestBrowser } from '../../support/browser.js';
import { clientOf, type Client } from '../../support/client.js';
import { fixtures, type Fixture } from '../../support/fixtures.js';
import { freePort } from '../../support/free-port.js';
import { patience } from '../../support/patience.js';
import type { StorageUnderTest } from '../../support/storages.js';

/** The sizes of window at which the studio is tested, in CSS pixels. */
export const DEVICES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 860 } } as const;
export type Device = keyof typeof DEVICES;

/** How long the start of a server and of a browser may take, in milliseconds. */
const START_MS = 120_000;

export interface Person {
  readonly page: Page;
  readonly client: Client;
  readonly token: string;
}

/** A server with its studio, and a browser. */
export interface Studio {
  readonly app: TestApp;
  readonly browser: TestBrowser;
  /** The address of a page of the studio: `at('/videos/1')`. */
  at(path: string): string;
  /** Opens the studio in a new tab, signed in by the link of the banner. */
  signIn(sub: string, role?: Role, device?: Device): Promise<Person>;
  /** Opens a page of the studio in a new tab, without a sign-in. */
  visit(path: string, device?: Device): Promise<Page>;
}

/** For all tests of the calling suite. No page may fail: an error that it does not catch fails the suite. */
export function useStudio(environment: () => Promise<Environment> = () => Promise.resolve({})): Studio {
  let app: TestApp;
  let browser: TestBrowser;
  const uncaught: Error[] = [];

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp(await environment()), startBrowser()]);
  }, patience(START_MS));
  afterAll(async () => {
    await browser.close();
    await app.remove();
    expect(uncaught).toEqual([]);
  });

  const open = async (address: string, device: Device): Promise<Page> => {
    const page = await browser.context.newPage();
    page.on('pageerror', (error) => uncaught.push(error));
    await page.setViewportSize(DEVICES[device]);
    await page.goto(address);
    return page;
  };
  const at = (path: string): string => `${app.origin}/studio${path}`;
  return {
    get app() {
      return app;
    },
    get browser() {
      return browser;
    },
    at,
    async signIn(sub, role = 'instructor', device = 'desktop') {
      const token = await tokenFor(sub, role);
      const page = await open(`${at('/')}#token=${token}`, device);
      await page.getByRole('button', { name: `Account of ${sub}` }).waitFor();
      return { page, client: await clientOf(app, sub, role), token };
    },
    visit: (path, device = 'desktop') => open(at(path), device),
  };
}

/**
 * The same, with files on this storage.
 * @param allow Lets pages of an origin use the bucket, if there is one.
 */
export function useStudioOn(
  storage: StorageUnderTest,
  allow: (origin: string, environment: Environment) => Promise<void>,
): Studio {
  return useStudio(async () => {
    const port = await freePort();
    const environment = await storage.environment();
    await allow(`http://localhost:${port}`, environment);
    return { ...environment, PORT: String(port), HOST: 'localhost' };
  });
}

/** A fixture as Playwright hands it to a browser. */
export function fileOf({ filename, contentType, bytes }: Fixture, name = filename) {
  return { name, mimeType: contentType, buffer: Buffer.from(bytes) };
}

export const picture = fileOf(fixtures.thumbnail);
export const film = fileOf(fixtures.video);

/** The titles of a list, in order: of the links in its rows. */
export async function titlesOf(page: Page, list: string): Promise<string[]> {
  const rows = page.getByRole('list', { name: list, exact: true }).getByRole('listitem');
  return (await rows.getByRole('link').allTextContents()).map((title) => title.trim());
}

/** Chooses a command of a menu. */
export async function choose(page: Page, menu: string, command: string): Promise<void> {
  await page.getByRole('button', { name: menu, exact: true }).click();
  await page.getByRole('menuitem', { name: command, exact: true }).click();
}

/**
 * Has a page send slowly from now on. Returns what changes its network.
 * @param rate In bytes per second; -1 is not limited.
 */
export async function slowDown(page: Page, rate: number): Promise<(offline: boolean, rate?: number) => Promise<void>> {
  const devtools = await page.context().newCDPSession(page);
  const change = async (offline: boolean, uploadThroughput = rate): Promise<void> => {
    const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput };
    await devtools.send('Network.emulateNetworkConditions', conditions);
  };
  await change(false);
  return change;
}

/** Drags a file of the disk over an element, and drops it there. */
export async function dropFromDisk(page: Page, target: Locator, path: string): Promise<void> {
  const { x, y } = (await target.boundingBox())!;
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', { type, x: x + 4, y: y + 4, data });
  }
}
