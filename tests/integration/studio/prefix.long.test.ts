import { afterAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { freePort } from '../../support/free-port.js';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.js';
import { waitUntil } from '../../support/patience.js';
import { startPrefixProxy, type PrefixProxy } from '../../support/prefix-proxy.js';
import { film, picture, useStudio } from './studio.js';

const PREFIX = '/lectern';

describe.skipIf(!hasChromium)('behind a proxy that removes a path prefix', () => {
  let proxy: PrefixProxy;
  let provider: OidcProvider;
  const studio = useStudio(async () => {
    const port = await freePort();
    proxy = await startPrefixProxy(PREFIX, port);
    const publicUrl = `http://localhost:${proxy.port}${PREFIX}`;
    provider = await startOidcProvider({ studio: `${publicUrl}/studio/`, roleOf: () => 'instructor' });
    return { PORT: String(port), PUBLIC_URL: publicUrl, ...provider.environment };
  });
  afterAll(async () => {
    await Promise.all([proxy.close(), provider.close()]);
    expect(proxy.strays).toEqual([]);
  });

  it('/ leads to the studio and to /docs; signing in, files, uploads and reloads have the prefix', async () => {
    const page = await studio.visit('/');
    await page.goto(`${studio.app.origin}/`);
    await page.getByRole('link', { name: 'Studio' }).click();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByPlaceholder('Enter any login').fill('ada');
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'New course' }).click();
    await page.getByLabel('Title').fill('Behind a proxy');
    await page.getByLabel('Thumbnail').setInputFiles(picture);
    await page.getByRole('button', { name: 'Create course' }).click();
    await page.getByRole('heading', { name: 'Behind a proxy' }).waitFor();
    expect(page.url()).toContain(`${PREFIX}/studio/courses/`);
    await page.getByRole('button', { name: 'Add topic' }).click();
    await page.getByRole('dialog').getByLabel('Title').fill('Paths');
    await page.getByRole('dialog').getByRole('button', { name: 'Add topic' }).click();
    await page.getByLabel('Add videos to Paths').setInputFiles(film);
    const uploads = page.getByRole('region', { name: 'Uploads' });
    await uploads.getByText('Published').nth(1).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Behind a proxy' }).waitFor();
    await page.getByRole('link', { name: 'Courses' }).first().click();
    const shown = `document.querySelector('main img')?.naturalWidth > 0`;
    await waitUntil(() => page.evaluate<boolean>(shown));

    await page.goto(`${studio.app.origin}/`);
    await page.getByRole('link', { name: 'Docs' }).click();
    await page.getByRole('link', { name: 'Course', exact: true }).waitFor();
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.getByRole('region', { name: 'Result Window' }).getByText('"title": "Behind a proxy"').waitFor();
    expect(page.url()).toBe(`${studio.app.origin}/docs`);
    await page.close();
  });
});
