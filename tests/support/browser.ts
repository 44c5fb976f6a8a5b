import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { patience } from './patience.js';

const CHROMIUM = '/usr/bin/chromium';

/** How long an action in a page may wait for what it needs, in milliseconds on a quiet machine. */
const WAIT_MS = 30_000;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** Whether the tests in a browser run. With REQUIRE_CHROMIUM=1 they do, and fail where there is none. */
export const hasChromium = existsSync(CHROMIUM) || process.env['REQUIRE_CHROMIUM'] === '1';

export interface TestBrowser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts a browser that nobody has used before. */
export async function startBrowser(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'lectern-chromium-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: FLAGS });
  context.setDefaultTimeout(patience(WAIT_MS));
  return {
    context,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
