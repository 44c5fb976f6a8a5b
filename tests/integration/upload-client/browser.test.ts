import { expect, it } from 'vitest';
import { onStorage } from '../../support/storages.js';
import { film, inBrowser } from './in-browser.js';

const PART = 8 * 1024 * 1024;
const MOST_LANES = 6;

onStorage('local', 'the upload client', (storage) => {
  inBrowser(storage, (world) => {
    it('continues after a reload when the same file is chosen again', async () => {
      const before = world.proxied.proxy.received();
      const options = await world.forFilm();
      const page = await world.open();
      const sessionId = await world.beginAndPause(page, options, { pauseAt: 3 * PART });
      await page.reload();
      expect((await page.unfinished()).map((upload) => upload.sessionId)).toEqual([sessionId]);
      await page.begin(options);
      expect(await world.published(page)).toBe(sessionId);
      expect(world.proxied.proxy.received() - before).toBeLessThan(film.size + MOST_LANES * PART);
      expect(await page.unfinished()).toEqual([]);
      await page.page.close();
    });
  });
});
