import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse } from '../../support/client.js';
import { useStudio } from './studio.js';

describe.skipIf(!hasChromium)('/docs', () => {
  const studio = useStudio();

  it('shows the reference of the schema, and runs a query, without the internet', async () => {
    const { page, client } = await studio.signIn('ada');
    await createCourse(client, { title: 'Seen in the explorer' });
    const { origins, complaints } = watch(page);
    await page.goto(`${studio.app.origin}/docs`);
    await page.getByRole('link', { name: 'Course', exact: true }).click();
    await page.getByText('A course: an ordered list of topics').waitFor();
    await run(page);
    await answer(page, '"title": "Seen in the explorer"');
    await page.getByRole('button', { name: 'Open settings dialog' }).click();
    await page.getByRole('dialog').getByText('Persist headers').waitFor();
    expect([...origins]).toEqual([studio.app.origin]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('sends the Authorization header: the token of the studio, or one that is written there', async () => {
    const { page, token } = await studio.signIn('ada', 'student');
    await page.goto(`${studio.app.origin}/docs`);
    await write(page, 'Query Editor', 'query Me { viewer { id role } }');
    await page.getByRole('tab', { name: 'Me' }).waitFor();
    await run(page);
    await answer(page, '"role": "STUDENT"');
    await page.close();

    const stranger = await studio.visit('/', 'phone');
    await stranger.goto(`${studio.app.origin}/docs/`);
    await write(stranger, 'Query Editor', 'query Me { viewer { id role } }');
    await stranger.getByRole('tab', { name: 'Me' }).waitFor();
    await run(stranger);
    await answer(stranger, '"viewer": null');
    await write(stranger, 'Headers', JSON.stringify({ Authorization: `Bearer ${token}` }));
    await run(stranger);
    await answer(stranger, '"id": "ada"');
    await stranger.close();
  });
});

/** Records what a page requests, and what it complains about. */
function watch(page: Page): { origins: Set<string>; complaints: string[] } {
  const origins = new Set<string>();
  const complaints: string[] = [];
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  return { origins, complaints };
}

/** Replaces the text of an editor. */
async function write(page: Page, editor: 'Query Editor' | 'Headers', text: string): Promise<void> {
  // The page fills in its first query some time after it has shown the editors.
  await page
    .getByRole('region', { name: 'Query Editor' })
    .getByText(/courses|viewer/)
    .first()
    .waitFor();
  const region = page.getByRole('region', { name: editor, exact: true });
  await region.locator('.CodeMirror:visible').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
  await region.getByText(text).waitFor();
}

async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Execute query/ }).click();
}

async function answer(page: Page, text: string): Promise<void> {
  await page.getByRole('region', { name: 'Result Window' }).getByText(text).waitFor();
}
