import type { Page } from 'playwright-core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { freePort } from '../../support/free-port.js';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.js';
import { expectAccessible } from './accessibility.js';
import { useStudio, type Device } from './studio.js';

const ROLES: Readonly<Record<string, string>> = { ada: 'instructor', bob: 'instructor', sam: 'student' };

describe.skipIf(!hasChromium)('signing in to the studio at an OpenID Connect provider', () => {
  let provider: OidcProvider;
  const studio = useStudio(async () => {
    const port = await freePort();
    provider = await startOidcProvider({
      studio: `http://localhost:${port}/studio/`,
      roleOf: (sub) => ROLES[sub],
    });
    return { PORT: String(port), ...provider.environment };
  });
  afterAll(() => provider.close());
  // Nobody is signed in at the provider.
  beforeEach(() => studio.browser.context.clearCookies());

  /** Opens the provider's page from the sign-in page of the studio. */
  async function begin(path: string, device?: Device): Promise<Page> {
    const page = await studio.visit(path, device);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    return page;
  }

  async function signIn(name: string): Promise<Page> {
    const page = await begin('/sign-in');
    await enter(page, name);
    await page.getByRole('button', { name: `Account of ${name}` }).waitFor();
    return page;
  }

  it('comes back to the page where it began; a reload keeps it; it ends here and at the provider', async () => {
    const page = await studio.visit('/?search=knots', 'phone');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByText(new URL(provider.issuer).host).waitFor();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await enter(page, 'sam');
    const account = page.getByRole('button', { name: 'Account of sam Test' });
    await account.getByText('Student').waitFor();
    expect(page.url()).toBe(studio.at('/?search=knots'));
    await page.reload();
    await account.waitFor();
    await account.click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(page.url()).toBe(studio.at('/'));
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    // The provider does not know the person any more.
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByPlaceholder('Enter any login').waitFor();
    await page.close();
  });

  it.each(['phone', 'desktop'] as const)('is accessible on a %s', async (device) => {
    const page = await studio.visit('/sign-in', device);
    await page.getByText('Use a token instead').click();
    await expectAccessible(page, 'sign-in', device);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await enter(page, 'ada');
    await page.getByRole('button', { name: 'Account of ada Test' }).waitFor();
    await provider.revoke(await refreshTokenOf(page));
    await createAfterExpiry(page, 'Accessible');
    await page.getByRole('dialog', { name: 'Your sign-in has ended' }).waitFor();
    await expectAccessible(page, 'dialog', device);
    await page.goto(studio.at('/signed-in'));
    await page.getByText('This sign-in was not started in this browser').waitFor();
    await expectAccessible(page, 'signed-in', device);
    await page.close();
  });

  it('still takes a token, under a disclosure', async () => {
    const page = await studio.visit('/sign-in');
    await page.getByText('Use a token instead').click();
    await page.getByLabel('Token').fill('no token at all');
    await page.getByRole('button', { name: 'Sign in with this token' }).click();
    await page.getByText('The server does not accept this token.').waitFor();
    await page.close();
  });

  it('says so when the provider refuses, and offers to try again', async () => {
    const page = await begin('/sign-in');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByText('You are not signed in: it was cancelled').waitFor();
    expect(page.url()).toBe(studio.at('/signed-in'));
    await page.getByRole('button', { name: 'Try again' }).click();
    await enter(page, 'ada');
    await page.getByRole('button', { name: 'Account of ada Test' }).waitFor();
    await page.close();
  });

  it('refuses an answer to a question that it has not asked', async () => {
    const page = await studio.visit('/signed-in?code=stolen&state=forged');
    await page.getByText('This sign-in was not started in this browser').waitFor();
    expect(page.url()).toBe(studio.at('/signed-in'));
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.close();
  });

  it('refuses an ID token that was issued for another sign-in', async () => {
    const page = await begin('/sign-in');
    await page.route(`${provider.issuer}/token`, async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as { id_token: string };
      const [head, body = '', signature] = answer.id_token.split('.');
      const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
      const other = Buffer.from(JSON.stringify({ ...(claims as object), nonce: 'another' })).toString('base64url');
      await route.fulfill({ response, json: { ...answer, id_token: [head, other, signature].join('.') } });
    });
    await enter(page, 'ada');
    await page.getByText('The answer of the sign-in service is not valid.').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.close();
  });

  it('says so when the account has no role, and lets the person choose another one', async () => {
    const page = await begin('/sign-in');
    await enter(page, 'eve');
    await page.getByText('this account may not use Lectern').waitFor();
    await page.getByRole('button', { name: 'Use another account' }).click();
    await enter(page, 'ada');
    await page.getByRole('button', { name: 'Account of ada Test' }).waitFor();
    await page.close();
  });

  it('renews an expired token by itself, and carries out what was refused', async () => {
    const page = await signIn('ada');
    const before = provider.grants.length;
    await createAfterExpiry(page, 'Typed before a silent renewal');
    await page.getByRole('heading', { name: 'Typed before a silent renewal' }).waitFor();
    expect(provider.grants.slice(before)).toEqual(['refresh_token']);
    // The provider accepts each refresh token once.
    await expire(page);
    await page.reload();
    await page.getByRole('button', { name: 'Account of ada Test' }).getByText('Instructor').waitFor();
    expect(provider.grants.slice(before)).toEqual(['refresh_token', 'refresh_token']);
    await page.close();
  });

  it('asks in another window when the token cannot be renewed; what was typed stays', async () => {
    const page = await signIn('ada');
    await provider.revoke(await refreshTokenOf(page));
    await createAfterExpiry(page, 'Typed before a new sign-in');
    const dialog = page.getByRole('dialog', { name: 'Your sign-in has ended' });
    await dialog.getByText('Use a token instead').waitFor();
    await studio.browser.context.clearCookies();
    const opened = studio.browser.context.waitForEvent('page');
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    const other = await opened;
    await dialog.getByText('Continue in the window that has opened.').waitFor();
    await enter(other, 'bob');
    await other.getByText('This is another account than the one that you began with.').waitFor();
    await other.getByRole('button', { name: 'Use another account' }).click();
    const closed = other.waitForEvent('close');
    await enter(other, 'ada');
    await page.getByRole('heading', { name: 'Typed before a new sign-in' }).waitFor();
    await closed;
    await page.close();
  });

  it('asks in another window when the provider issues no refresh tokens', async () => {
    provider.refreshTokens = false;
    const page = await signIn('ada');
    provider.refreshTokens = true;
    expect(await refreshTokenOf(page)).toBeUndefined();
    await createAfterExpiry(page, 'Typed without a refresh token');
    const opened = studio.browser.context.waitForEvent('page');
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in', exact: true }).click();
    // The provider still knows the person: the window closes by itself.
    await (await opened).waitForEvent('close');
    await page.getByRole('heading', { name: 'Typed without a refresh token' }).waitFor();
    await page.close();
  });
});

/** Signs in at the provider, and allows the studio to know who it is. */
async function enter(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(name);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Fills in the form of a new course, and submits it when the token has expired. */
async function createAfterExpiry(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: 'New course' }).click();
  await page.getByLabel('Title').fill(title);
  await expire(page);
  await page.getByRole('button', { name: 'Create course' }).click();
}

/** From now on the server refuses the present token of the page, as after its expiry. */
async function expire(page: Page): Promise<void> {
  const token = await page.evaluate<string>(`sessionStorage.getItem('lectern.token')`);
  await page.route('**/graphql', async (route) => {
    const headers = await route.request().allHeaders();
    const isOld = headers['authorization'] === `Bearer ${token}`;
    await route.fallback(isOld ? { headers: { ...headers, authorization: 'Bearer a.b.c' } } : {});
  });
}

/** The refresh token of the page. */
async function refreshTokenOf(page: Page): Promise<string> {
  const grant = await page.evaluate<string>(`sessionStorage.getItem('lectern.grant')`);
  return (JSON.parse(grant) as { refreshToken: string }).refreshToken;
}
