import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { waitUntil } from '../../support/patience.js';
import { film, picture, useStudio } from './studio.js';

describe.skipIf(!hasChromium)('the studio', () => {
  const studio = useStudio();

  it('lets an instructor publish a course, starting from the link in the banner, and a student play its video', async () => {
    const { page } = await studio.signIn('ada');
    // The page removes the token from the address at once.
    expect(page.url()).toBe(studio.at('/'));
    await page.getByRole('button', { name: 'New course' }).click();
    await page.getByLabel('Title').fill('Sailing for beginners');
    await page.getByLabel('Thumbnail').setInputFiles(picture);
    await page.getByRole('button', { name: 'Create course' }).click();
    await page.getByRole('heading', { name: 'Sailing for beginners' }).waitFor();
    await page.getByRole('button', { name: 'Add topic' }).click();
    await page.getByRole('dialog').getByLabel('Title').fill('Knots');
    await page.getByRole('dialog').getByRole('button', { name: 'Add topic' }).click();
    await page.getByLabel('Add videos to Knots').setInputFiles({ ...film, name: 'Bowline_and_hitch.mp4' });
    await page.getByRole('region', { name: 'Uploads' }).getByText('Published').nth(1).waitFor();
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByText('Published', { exact: true }).first().waitFor();
    await page.close();

    const learner = (await studio.signIn('sam', 'student', 'phone')).page;
    await learner.getByRole('link', { name: 'Sailing for beginners' }).click();
    await learner.getByRole('link', { name: 'Start the course' }).click();
    await learner.getByRole('heading', { name: 'Bowline and hitch' }).waitFor();
    await learner.getByRole('button', { name: 'Play' }).click();
    const seek = learner.getByRole('slider', { name: 'Seek' });
    await waitUntil(async () => Number(await seek.inputValue()) > 0.2);
    await learner.close();
  });

  it('is served with a strict policy; its assets are cached for ever, and its page is never cached', async () => {
    const page = await fetch(studio.at('/videos/any'));
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self';");
    expect(policy).not.toMatch(/unsafe|data:|\*/);
    const asset = /assets\/index-[\w-]+\.js/.exec(await page.text())?.[0] ?? '';
    for (const encoding of ['gzip', 'identity']) {
      const script = await fetch(studio.at(`/${asset}`), { headers: { 'accept-encoding': encoding } });
      expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(script.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
      expect((await script.text()).length).toBeGreaterThan(10_000);
    }
    expect((await fetch(studio.at('/assets/none.js'))).status).toBe(404);
  });
});
