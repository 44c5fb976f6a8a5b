import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { patience } from './patience.js';

const CHROMIUM = '/usr/bin/chromium';

/** The time-out of an action in a page, in milliseconds on an idle machine. */
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

/** Whether browser tests run. With REQUIRE_CHROMIUM=1 they always run, and fail when there is no Chromium. */
export const hasChromium = existsSync(CHROMIUM) || process.env['REQUIRE_CHROMIUM'] === '1';

export interface TestBrowser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts a browser with a new profile. */
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
