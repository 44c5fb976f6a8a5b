import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startBrowser } from '../../support/browser.js';
import { onEveryStorage } from '../../support/storages.js';
import { BESIDE_PARTS } from './behind-proxy.js';
import { film, inBrowser, until } from './in-browser.js';

const PART = 8 * 1024 * 1024;
const MOST_LANES = 6;
/** Bytes per second, slow enough for a test to act during an upload. */
const SLOWLY = 6 * 1024 * 1024;

onEveryStorage('the upload client', (storage) => {
  inBrowser(storage, (world) => {
    const received = (): number => world.proxied.proxy.received();

    it('pauses and resumes', async () => {
      const before = received();
      const page = await world.open();
      await world.beginAndPause(page, await world.forFilm(), { pauseAt: 2 * PART });
      const { loaded } = await page.told();
      expect(loaded).toBeLessThan(film.size);
      await page.resume();
      await world.published(page);
      expect((await page.told()).loaded).toBe(film.size);
      expect(received() - before).toBeLessThan(film.size + MOST_LANES * PART);
      await page.page.close();
    });

    it('continues after a reload during an upload', async () => {
      const options = await world.forFilm();
      const page = await world.open();
      const before = received();
      await slowDown(page.page);
      await page.begin(options);
      const { sessionId } = await until(page, ({ loaded }) => loaded > 2 * PART);
      await page.reload();
      await page.begin(options);
      expect(await world.published(page)).toBe(sessionId);
      expect(received() - before).toBeLessThan(film.size + MOST_LANES * PART);
      await page.page.close();
    });

    it('continues after a reload without a new file selection when the browser kept the file', async () => {
      const options = await world.forFilm();
      const page = await world.open();
      const sessionId = await world.beginAndPause(page, options, { asHandle: true, pauseAt: 2 * PART });
      await page.reload();
      const unfinished = (await page.unfinished()).find((upload) => upload.sessionId === sessionId);
      expect(unfinished).toMatchObject({ hasFile: true });
      await page.begin({ ...options, sessionId }, { file: null });
      expect(await world.published(page)).toBe(sessionId);
      await page.page.close();
    });

    it('waits while there is no network, and continues when it is back', async () => {
      const page = await world.open();
      const before = received();
      const network = await slowDown(page.page);
      await page.begin(await world.forFilm());
      await until(page, ({ loaded }) => loaded > 2 * PART);
      await network.turn({ offline: true });
      await until(page, ({ states }) => states.includes('offline'));
      await network.turn({ offline: false });
      await world.published(page);
      expect(received() - before).toBeLessThan(film.size + MOST_LANES * PART);
      await page.page.close();
    });

    it('sends a file once when two tabs upload it', async () => {
      const options = await world.forFilm();
      const [first, second] = [await world.open(), await world.open()];
      const before = received();
      await slowDown(first.page);
      await first.begin(options);
      await until(first, ({ states }) => states.includes('sending'));
      await second.begin(options);
      await until(second, ({ states }) => states.includes('waiting'));
      const session = await world.published(first);
      expect(await world.published(second)).toBe(session);
      expect(received() - before).toBeLessThan(film.size + PART);
      await first.page.close();
      await second.page.close();
    });

    it('continues in a second tab when the first is closed', async () => {
      const options = await world.forFilm();
      const [first, second] = [await world.open(), await world.open()];
      const before = received();
      await slowDown(first.page);
      await first.begin(options);
      const { sessionId } = await until(first, ({ loaded }) => loaded > 2 * PART);
      await second.begin(options);
      await until(second, ({ states }) => states.includes('waiting'));
      await first.page.close();
      expect(await world.published(second)).toBe(sessionId);
      expect(received() - before).toBeLessThan(film.size + MOST_LANES * PART);
      await second.page.close();
    });

    it('resumes in another browser with the same file, and refuses another file', async () => {
      const options = await world.forFilm();
      const page = await world.open();
      // Three parts are sent at the same time: at 3.5 parts, at least one is stored.
      const sessionId = await world.beginAndPause(page, options, { pauseAt: 3.5 * PART });
      const elsewhere = await startBrowser();
      try {
        const second = await world.open(elsewhere);
        await second.begin({ ...options, sessionId }, { file: 'other' });
        const { error } = await until(second, (told) => told.error !== null);
        expect(error).toMatchObject({ code: 'WRONG_FILE', message: expect.stringContaining('other content') });
        await second.reload();
        const before = received();
        await second.begin({ ...options, sessionId });
        expect(await world.published(second)).toBe(sessionId);
        expect(received() - before).toBeLessThan(film.size - PART + BESIDE_PARTS);
      } finally {
        await elsewhere.close();
      }
      await page.page.close();
    });
  });
});

interface Network {
  turn(state: { readonly offline: boolean }): Promise<void>;
}

/** Limits the upload rate of a page from now on. */
async function slowDown(page: Page): Promise<Network> {
  const devtools = await page.context().newCDPSession(page);
  const turn = async ({ offline }: { readonly offline: boolean }): Promise<void> => {
    const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput: SLOWLY };
    await devtools.send('Network.emulateNetworkConditions', conditions);
  };
  await turn({ offline: false });
  return { turn };
}
