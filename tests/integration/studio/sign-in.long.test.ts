import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../support/app.js';
import { hasChromium } from '../../support/browser.js';
import { useStudio } from './studio.js';

describe.skipIf(!hasChromium)('signing in to the studio', () => {
  const studio = useStudio();

  it('by a pasted token; a reload keeps it, signing out forgets it', async () => {
    const page = await studio.visit('/sign-in', 'phone');
    const submit = page.getByRole('button', { name: 'Sign in', exact: true });
    await submit.click();
    await page.getByText('Paste your token first.').waitFor();
    await page.getByLabel('Token').fill('no token at all');
    await submit.click();
    await page.getByText('The server does not accept this token.').waitFor();
    await page.getByLabel('Token').fill(await tokenFor('sam', 'student'));
    await submit.click();
    const account = page.getByRole('button', { name: 'Account of sam' });
    await account.getByText('Student').waitFor();
    await page.reload();
    await account.click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.close();
  });

  it('again when the token is refused: what was typed stays, and the operation is carried out', async () => {
    const { page, token } = await studio.signIn('ada');
    await page.getByRole('button', { name: 'New course' }).click();
    await page.getByLabel('Title').fill('Typed before the token expired');
    // As after its expiry: the server gets a token of the same viewer whose time is over.
    const expired = await tokenFor('ada', 'instructor', -3_600);
    await page.route('**/graphql', async (route) => {
      const headers = await route.request().allHeaders();
      const isOld = headers['authorization'] === `Bearer ${token}`;
      await route.continue(isOld ? { headers: { ...headers, authorization: `Bearer ${expired}` } } : {});
    });
    await page.getByRole('button', { name: 'Create course' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your sign-in has ended' });
    await dialog.getByLabel('Token').fill(await tokenFor('bob', 'instructor'));
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.getByText('This token belongs to someone else. Sign in as ada, or sign out.').waitFor();
    await dialog.getByLabel('Token').fill(await tokenFor('ada', 'instructor', 3_600));
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Typed before the token expired' }).waitFor();
    await page.close();
  });
});
