import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { UploadOptions } from '../../../src/upload-client/api.js';
import { startApp, type TestApp } from '../../support/app.js';
import { hasChromium, startBrowser, type TestBrowser } from '../../support/browser.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { downloadedSha256 } from '../../support/download.js';
import { waitUntil } from '../../support/patience.js';
import type { StorageUnderTest } from '../../support/storages.js';
import { behindProxy, type Proxied } from './behind-proxy.js';
import { largeVideo } from './large-video.js';
import { allowPages, startUploadSite, type Begin, type UploadPage, type UploadSite } from './upload-site.js';

/** A video of 5 parts. */
export const { file: film, sha256: filmSha256 } = largeVideo(36);
/** A video of the same size and type with other bytes. */
const other = largeVideo(36, 2).file;

/** A browser, a site, and a server of another origin whose parts pass through a proxy. */
export class InBrowser {
  browser!: TestBrowser;
  proxied!: Proxied;
  #site!: UploadSite;
  #app!: TestApp;
  #ada!: Client;
  #topicId!: string;

  async start(storage: StorageUnderTest): Promise<void> {
    this.#site = await startUploadSite({ film, other });
    this.proxied = await behindProxy(storage, { CORS_ORIGINS: this.#site.origin });
    await allowPages(this.#site.origin, this.proxied.environment);
    this.#app = await startApp(this.proxied.environment);
    this.#ada = await clientOf(this.#app, 'ada');
    const course = await createCourse(this.#ada, { title: 'To fill' });
    this.#topicId = await createTopic(this.#ada, course.id, 'Films');
    this.browser = await startBrowser();
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.#app.remove();
    await this.proxied.proxy.close();
    await this.#site.close();
  }

  open({ context } = this.browser): Promise<UploadPage> {
    return this.#site.open(context, this.proxied.endpoint, this.#ada.token!);
  }

  async forFilm(): Promise<UploadOptions> {
    return { slot: 'VIDEO_FILE', ownerId: (await createVideo(this.#ada, this.#topicId, randomUUID())).id };
  }

  /**
   * Begins an upload that pauses itself when so many bytes are loaded. Replies are late, so that the upload cannot be
   * complete before its page reports the progress, which it does every 100 ms. Returns the session id.
   */
  async beginAndPause(page: UploadPage, options: UploadOptions, begin: Begin & { pauseAt: number }): Promise<string> {
    const { proxy } = this.proxied;
    proxy.turn({ kind: 'late', ms: 200 });
    await page.begin(options, begin);
    const { sessionId } = await until(page, ({ states }) => states.includes('paused'));
    proxy.turn({ kind: 'open' });
    return sessionId!;
  }

  /** Waits until the video is published, and compares every byte. Returns the session id. */
  async published(page: UploadPage): Promise<string> {
    const { result, error } = await until(page, (told) => told.result !== null || told.error !== null);
    expect(error).toBe(null);
    expect(await downloadedSha256(result!.media!.url)).toBe(filmSha256);
    return result!.sessionId!;
  }
}

/** Waits until the state of a page meets a condition. */
export async function until(
  page: UploadPage,
  holds: (told: Awaited<ReturnType<UploadPage['told']>>) => boolean,
): Promise<Awaited<ReturnType<UploadPage['told']>>> {
  let told = await page.told();
  await waitUntil(
    async () => {
      told = await page.told();
      return holds(told) || told.error !== null;
    },
    { within: 60_000, interval: 50 },
  );
  if (!holds(told)) throw new Error(`The upload failed before: ${told.error?.message ?? ''}`);
  return told;
}

/** Defines tests in a browser on one storage. */
export function inBrowser(storage: StorageUnderTest, tests: (world: InBrowser) => void): void {
  describe.skipIf(!hasChromium)('in Chromium, from another origin', () => {
    const world = new InBrowser();
    beforeAll(() => world.start(storage));
    afterAll(() => world.stop());
    tests(world);
  });
}
