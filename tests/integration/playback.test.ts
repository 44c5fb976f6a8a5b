import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { hasChromium, startBrowser, type TestBrowser } from '../support/browser.js';
import { clientOf, createCourse, createTopic, createVideo } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { onAnyStorage } from '../support/storages.js';

/** What a page observes of a video while it plays. */
interface Played {
  readonly ended: boolean;
  readonly error: string | null;
  readonly currentTime: number;
  readonly duration: number;
  readonly readyState: number;
  readonly width: number;
  readonly height: number;
}

/** Runs in the page, and is therefore text: the tests are compiled without browser types. */
const PLAY = `(url) => new Promise((resolve) => {
  const video = document.createElement('video');
  video.muted = true;
  const tell = (ended, error) => resolve({
    ended, error, currentTime: video.currentTime, duration: video.duration, readyState: video.readyState,
    width: video.videoWidth, height: video.videoHeight,
  });
  video.addEventListener('ended', () => tell(true, null));
  video.addEventListener('error', () => tell(false, video.error.message || String(video.error.code)));
  document.body.append(video);
  video.src = url;
  video.play().catch((error) => tell(false, String(error)));
})`;

const SHOW = `(url) => new Promise((resolve) => {
  const image = new Image();
  image.addEventListener('load', () => resolve([image.naturalWidth, image.naturalHeight]));
  image.addEventListener('error', () => resolve(null));
  image.src = url;
})`;

describe.skipIf(!hasChromium)('Chromium', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  onAnyStorage('a video', (storage) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp(await storage.environment());
    });
    afterAll(() => app.remove());

    it('plays from its signed URL to the end, and shows its thumbnail', async () => {
      const instructor = await clientOf(app, 'ada');
      const course = await createCourse(instructor, { title: 'To watch' });
      const topicId = await createTopic(instructor, course.id, 'Films');
      const files = { file: fixtures.video, thumbnail: fixtures.thumbnail };
      const video = await createVideo(instructor, topicId, 'Film', files);

      // A page of another origin than the server and the bucket.
      const page = await browser.context.newPage();
      const played = await page.evaluate<Played>(`(${PLAY})(${JSON.stringify(video.videoUrl)})`);
      expect(played).toMatchObject({ ended: true, error: null, width: 320, height: 180 });
      expect(played.readyState).toBeGreaterThanOrEqual(2);
      expect(played.duration).toBeCloseTo(2, 0);
      expect(played.currentTime).toBeCloseTo(played.duration, 1);
      const shown = await page.evaluate<[number, number] | null>(`(${SHOW})(${JSON.stringify(video.thumbnailUrl)})`);
      expect(shown).toEqual([640, 360]);

      const opened = await page.goto(video.videoUrl!);
      expect(opened?.ok()).toBe(true);
      expect(await page.locator('video').count()).toBe(1);
      await page.close();
    });
  });
});
