import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/config.js';
import { startApp, type TestApp } from '../../support/app.js';

describe('the page of a studio with a sign-in provider', () => {
  let app: TestApp | undefined;
  let provider: Server | undefined;
  /** How often the provider was asked. */
  let asked = 0;
  afterEach(async () => {
    await app?.remove();
    provider?.close();
    app = provider = undefined;
  });

  /** Starts a provider that answers every request with this text, and returns its address. */
  async function startProvider(status: number, answer: string): Promise<string> {
    asked = 0;
    provider = createServer((request, response) => {
      asked += 1;
      if (request.url !== '/realms/school/.well-known/openid-configuration') response.statusCode = 404;
      else response.statusCode = status;
      response.end(answer);
    });
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    return `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  }

  async function pageWith(environment: Environment): Promise<{ policy: string[]; html: string }> {
    app = await startApp(environment);
    const page = await fetch(`${app.origin}/studio/sign-in`);
    expect(page.status).toBe(200);
    return { policy: page.headers.get('content-security-policy')?.split(';') ?? [], html: await page.text() };
  }

  it('may call the issuer, and the endpoints that it has elsewhere', async () => {
    const metadata = {
      authorization_endpoint: 'https://pages.example.org/authorize',
      token_endpoint: 'https://tokens.example.org/token',
      revocation_endpoint: 'https://tokens.example.org/revoke',
    };
    const origin = await startProvider(200, JSON.stringify(metadata));
    const { policy } = await pageWith({
      STUDIO_OIDC_ISSUER: `${origin}/realms/school/`,
      STUDIO_OIDC_CLIENT_ID: 'studio',
    });
    expect(policy).toContain(`connect-src 'self' ${app?.origin} ${origin} https://tokens.example.org`);
    // What the provider said is kept for the next page.
    expect((await fetch(`${app?.origin}/studio/`)).headers.get('content-security-policy')).toBe(policy.join(';'));
    expect(asked).toBe(1);
  });

  it.each([
    ['an error', 503, ''],
    ['no JSON', 200, 'no JSON'],
    ['an address that is none', 200, '{"token_endpoint":"token"}'],
  ])('may call the issuer alone when that answers with %s', async (_, status, answer) => {
    const origin = await startProvider(status, answer);
    const { policy } = await pageWith({
      STUDIO_OIDC_ISSUER: `${origin}/realms/school`,
      STUDIO_OIDC_CLIENT_ID: 'studio',
    });
    expect(policy).toContain(`connect-src 'self' ${app?.origin} ${origin}`);
  });

  it('has the settings as text that ends no attribute', async () => {
    const origin = await startProvider(200, '{}');
    const { html } = await pageWith({
      STUDIO_OIDC_ISSUER: origin,
      STUDIO_OIDC_CLIENT_ID: '"><script>alert(1)</script>&amp;',
      STUDIO_OIDC_PARAMETERS: 'audience=https%3A%2F%2Fmedia.example.org&prompt=login',
    });
    expect(html).not.toContain('<script>alert');
    const content = /<meta name="lectern-sign-in" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const text = content.replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
    expect(JSON.parse(text)).toEqual({
      issuer: origin,
      clientId: '"><script>alert(1)</script>&amp;',
      scope: 'openid profile',
      parameters: { audience: 'https://media.example.org', prompt: 'login' },
    });
  });

  it('says and allows nothing of a provider when there is none', async () => {
    const { policy, html } = await pageWith({});
    expect(html).not.toContain('lectern-sign-in');
    expect(policy).toContain(`connect-src 'self' ${app?.origin}`);
  });
});
