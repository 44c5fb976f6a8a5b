import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokenFor } from '../support/app.js';
import { hasChromium } from '../support/browser.js';
import { clientOf, type Client, createCourse, createTopic, createVideo } from '../support/client.js';
import { longSound } from '../support/long-sound.js';
import { longVideo } from '../support/long-video.js';
import { waitFor, waitUntil } from '../support/patience.js';
import type { ReactSite } from '../support/react-site.js';
import { openReactStage, STAGE_MS, type ReactStage } from '../support/react-stage.js';

/** One minute each in 45 MB, which is more than a browser reads ahead. By the element that plays it. */
const LESSONS = [
  ['video', longVideo(30, 1_500_000)],
  ['audio', longSound(60)],
] as const;
const SPEED = 1.5;

/** A page with only the player. Video id and token are in the URL of the page. */
const MAIN = `import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createLecternClient } from './client';
import { Player } from './player';

const given = new URLSearchParams(location.hash.slice(1));
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ApolloProvider client={createLecternClient(given.get('token')!)}>
      <Player id={given.get('id')!} />
    </ApolloProvider>
  </StrictMode>,
);
`;

/** The observed events of the player, in order. */
type Seen =
  | { readonly kind: 'url'; readonly url: string; readonly at: number }
  | { readonly kind: 'time'; readonly position: number; readonly speed: number };

/** Runs in the page, and is therefore text: records each URL and the position and speed at each \`timeupdate\`. */
const WATCH = `(() => {
  const video = document.querySelector('video, audio');
  window.seen = [{ kind: 'url', url: video.src, at: Date.now() }];
  new MutationObserver(() => window.seen.push({ kind: 'url', url: video.src, at: Date.now() }))
    .observe(video, { attributeFilter: ['src'] });
  video.addEventListener('timeupdate', () => {
    window.seen.push({ kind: 'time', position: video.currentTime, speed: video.playbackRate });
  });
})()`;

const renewals = (count: number): string => `window.seen.filter(({ kind }) => kind === 'url').length > ${count}`;

describe.skipIf(!hasChromium)('the documented player, with URLs that expire after 4 seconds, in a browser', () => {
  let stage: ReactStage;
  let site: ReactSite;
  let instructor: Client;
  let topicId: string;

  beforeAll(async () => {
    stage = await openReactStage({ VIDEO_URL_TTL_SECONDS: '4' }, MAIN);
    ({ site } = stage);
    instructor = await clientOf(stage.app, 'ada');
    const course = await createCourse(instructor, { title: 'Long lessons' });
    topicId = await createTopic(instructor, course.id, 'Lessons');
  }, STAGE_MS);
  afterAll(() => stage.close());

  describe.each(LESSONS)('with its <%s> element', (tag, file) => {
    let id: string;
    let page: Page;

    beforeAll(async () => {
      id = (await createVideo(instructor, topicId, tag, { file })).id;
    }, STAGE_MS);
    afterEach(() => page.close());

    beforeEach(async () => {
      site.fault = null;
      page = await stage.browser.context.newPage();
      await page.goto(
        `${site.origin}/#${String(new URLSearchParams({ id, token: await tokenFor('bob', 'student') }))}`,
      );
      await page.waitForSelector(tag);
      await page.waitForFunction('document.querySelector("video, audio").readyState > 0');
      await page.evaluate(WATCH);
    });

    const seen = () => page.evaluate<Seen[]>('window.seen');
    const state = () =>
      page.evaluate<{ currentTime: number; playbackRate: number; paused: boolean; src: string; error: number | null }>(
        `(({ currentTime, playbackRate, paused, src, error }) =>
          ({ currentTime, playbackRate, paused, src, error: error && error.code }))(document.querySelector('video, audio'))`,
      );
    const play = () =>
      page.evaluate(`(async () => {
        const video = document.querySelector('video, audio');
        video.muted = true;
        video.playbackRate = ${SPEED};
        await video.play();
      })()`);
    const pause = () => page.evaluate('document.querySelector("video, audio").pause()');
    /** Waits until the server refuses the URL. */
    const expired = async (url: string) => {
      await waitFor(async () => expect((await fetch(url, { method: 'HEAD' })).status).toBe(403));
    };

    it('continues at its position and speed when its URL is renewed', async () => {
      await play();
      await page.waitForFunction(renewals(3));
      await page.waitForFunction(`(() => {
        const times = window.seen.filter(({ kind }) => kind === 'time').length;
        const last = window.seen.at(-1);
        return times > 5 && last.kind === 'time' && last.position > 0;
      })()`);

      const events = await seen();
      const urls = events.filter((event) => event.kind === 'url');
      expect(new Set(urls.map(({ url }) => url)).size).toBe(urls.length);
      for (const [index, { url }] of urls.slice(0, -1).entries()) {
        const expiresAt = Number(new URL(url).searchParams.get('expires')) * 1000;
        expect(urls[index + 1]!.at, 'when the next URL was in its place').toBeLessThan(expiresAt);
      }
      const times = events.filter((event) => event.kind === 'time');
      expect(times.length).toBeGreaterThan(5);
      for (const [index, { position, speed }] of times.entries()) {
        expect(speed).toBe(SPEED);
        expect(position).toBeGreaterThanOrEqual(times[index - 1]?.position ?? 0);
      }
      expect(await state()).toMatchObject({ paused: false, playbackRate: SPEED, error: null });
    });

    it('requests nothing while it is paused, and seeks after its URL has expired', async () => {
      await play();
      await page.waitForFunction('document.querySelector("video, audio").currentTime > 0.5');
      await pause();
      await page.waitForFunction('document.querySelector("video, audio").paused');
      let before = await state();
      // A renewal that had begun before the pause may still arrive.
      await waitUntil(async () => {
        const { src } = before;
        await expired(src);
        before = await state();
        return before.src === src;
      });
      expect(before).toMatchObject({ paused: true, playbackRate: SPEED });

      await page.evaluate('document.querySelector("video, audio").currentTime = 50');
      await page.waitForFunction(`(() => {
        const { src, seeking, readyState } = document.querySelector('video, audio');
        return src !== ${JSON.stringify(before.src)} && !seeking && readyState >= 2;
      })()`);
      const after = await state();
      expect(after).toMatchObject({ paused: true, playbackRate: SPEED, error: null });
      expect(after.currentTime).toBeCloseTo(50, 0);

      await page.evaluate('document.querySelector("video, audio").play()');
      await page.waitForFunction('document.querySelector("video, audio").currentTime > 51');
      expect(await state()).toMatchObject({ paused: false, playbackRate: SPEED, error: null });
    });

    it('starts after its URL has expired', async () => {
      const { src } = await state();
      await expired(src);
      await play();
      await page.waitForFunction(renewals(1));
      await page.waitForFunction('document.querySelector("video, audio").currentTime > 1');
      expect(await state()).toMatchObject({ paused: false, playbackRate: SPEED, error: null });
    });

    it('renews a URL that has expired before it is used', async () => {
      let held: string | undefined;
      await page.route('**/graphql', async (route) => {
        const response = await route.fetch();
        if (held === undefined) {
          const { data } = (await response.json()) as { data: { video: { file: { url: string } } } };
          held = data.video.file.url;
          await expired(held);
        }
        await route.fulfill({ response });
      });
      await page.reload();
      await page.waitForFunction('document.querySelector("video, audio")?.readyState > 0');
      expect((await state()).src).not.toBe(held);
    });

    if (tag === 'audio') return;

    it('shows an error while it cannot renew its URL, and continues as soon as it can', async () => {
      const { src } = await state();
      site.fault = { status: 502, html: '<h1>502 Bad Gateway</h1>' };
      await expired(src);
      await play();
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toMatch(/^The server cannot answer now/);
      expect(await page.locator(tag).count()).toBe(1);
      // More often than a media element fires events: the player retries by itself.
      const { faults } = site;
      await waitFor(() => expect(site.faults).toBeGreaterThan(faults + 3), { within: 25_000 });

      site.fault = null;
      await page.waitForFunction(renewals(1));
      await page.waitForFunction('document.querySelector("video, audio").currentTime > 1');
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('is needed: a media element reports no expired URL, and restarts when it gets a new one', async () => {
      const { src } = await state();
      await expired(src);
      // The answer is 403 with JSON, which the browser hides from the page (opaque response blocking).
      const blocked = page.waitForEvent('requestfailed', (request) => {
        return request.url() === src && request.failure()?.errorText === 'net::ERR_BLOCKED_BY_ORB';
      });
      await page.evaluate(`(() => {
        window.other = document.createElement('video');
        window.events = [];
        for (const type of ['error', 'abort', 'emptied', 'waiting']) {
          window.other.addEventListener(type, () => window.events.push(type));
        }
        window.other.preload = 'auto';
        window.other.src = ${JSON.stringify(src)};
      })()`);
      await blocked;
      expect(await page.evaluate('[window.events, window.other.error]')).toEqual([[], null]);

      const anew = await page.evaluate(`(() => {
        const video = document.querySelector('video, audio');
        video.playbackRate = 2;
        video.src = ${JSON.stringify(src)};
        return { currentTime: video.currentTime, paused: video.paused, playbackRate: video.playbackRate };
      })()`);
      expect(anew).toEqual({ currentTime: 0, paused: true, playbackRate: 1 });
    });
  });
});
