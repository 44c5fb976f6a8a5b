import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthenticatorOptions, createAuthenticator } from '../../src/auth/authenticator.js';
import { mintToken } from '../../src/auth/mint-token.js';
import { LecternError } from '../../src/errors.js';

const SECRET = 'correct-horse-battery-staple-0123456789';
const NOW = new Date('2026-03-01T12:00:00Z');
const NOW_SECONDS = NOW.getTime() / 1000;
const CLAIMS = { sub: 'alice', role: 'instructor', exp: NOW_SECONDS + 60 };

const bytes = (secret: string): Uint8Array => new TextEncoder().encode(secret);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function authenticate(header: string | undefined, options: Partial<AuthenticatorOptions> = { secret: SECRET }) {
  return createAuthenticator({ roleClaim: 'role', now: () => NOW, ...options }).authenticate(header);
}

/** A token with these claims, signed with the secret. */
function signed(claims: Record<string, unknown>, secret = SECRET): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret));
}

async function refusalOf(answer: Promise<unknown>): Promise<LecternError> {
  const error: unknown = await answer.then(
    (viewer) => new Error(`Accepted as ${JSON.stringify(viewer)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof LecternError) return error;
  throw error;
}

async function expectUnauthenticated(header: string, options?: Partial<AuthenticatorOptions>): Promise<void> {
  const error = await refusalOf(authenticate(header, options));
  expect(error.code).toBe('UNAUTHENTICATED');
  const token = header.split(' ').at(-1) ?? '';
  const signature = token.split('.').at(-1) ?? '';
  const told = `${error.message} ${String(error.cause)}`;
  if (token.length > 20) expect(told).not.toContain(token);
  if (signature.length > 20) expect(told).not.toContain(signature);
}

describe('authentication with a shared secret', () => {
  it('returns no viewer for a request without an Authorization header', async () => {
    await expect(authenticate(undefined)).resolves.toBeNull();
  });

  it.each(['admin', 'instructor', 'student'])('accepts the role %s', async (role) => {
    const token = await signed({ ...CLAIMS, role });
    await expect(authenticate(`Bearer ${token}`)).resolves.toEqual({ id: 'alice', role });
  });

  it.each(['bearer', 'BEARER', 'Bearer  '])('accepts the scheme as %s', async (scheme) => {
    await expect(authenticate(`${scheme} ${await signed(CLAIMS)}`)).resolves.toMatchObject({ id: 'alice' });
  });

  it('reads the role from the configured claim', async () => {
    const claim = 'https://lectern.example.org/role';
    const token = await signed({ ...CLAIMS, role: 'student', [claim]: 'admin' });
    await expect(authenticate(`Bearer ${token}`, { secret: SECRET, roleClaim: claim })).resolves.toMatchObject({
      role: 'admin',
    });
  });

  it.each<[claim: string, claims: Record<string, unknown>, role: string]>([
    ['realm_access.roles', { realm_access: { roles: ['offline_access', 'instructor'] } }, 'instructor'],
    ['role', { role: ['student', 'instructor'] }, 'instructor'],
    ['role', { role: ['student', 'owner', 'admin', 'instructor'] }, 'admin'],
    ['resource_access.lectern.role', { resource_access: { lectern: { role: 'student' } } }, 'student'],
    ['https://lectern.example.org/roles', { 'https://lectern.example.org/roles': ['admin'] }, 'admin'],
    ['a.b', { a: { b: 'student' }, 'a.b': 'instructor' }, 'instructor'],
  ])('reads the claim %s of %j as the role %s', async (roleClaim, claims, role) => {
    const token = await signed({ ...CLAIMS, role: undefined, ...claims });
    await expect(authenticate(`Bearer ${token}`, { secret: SECRET, roleClaim })).resolves.toMatchObject({ role });
  });

  it.each([
    'realm_access.roles.length',
    'realm_access.constructor.name',
    'realm_access',
    'realm_access..roles',
    'nothing.roles',
  ])('refuses a token when the role claim %s leads to no role', async (roleClaim) => {
    const token = await signed({ ...CLAIMS, realm_access: { roles: ['admin'] } });
    await expectUnauthenticated(`Bearer ${token}`, { secret: SECRET, roleClaim });
  });

  it('accepts tokens signed with the previous secret, under the same rules', async () => {
    const previousSecret = 'the secret before, of at least thirty-two bytes';
    const with_ = (claims: object): Promise<string> => signed({ ...CLAIMS, ...claims }, previousSecret);
    const options = { secret: SECRET, previousSecret };
    await expect(authenticate(`Bearer ${await with_({})}`, options)).resolves.toMatchObject({ id: 'alice' });
    await expect(authenticate(`Bearer ${await signed(CLAIMS)}`, options)).resolves.toMatchObject({ id: 'alice' });
    await expect(authenticate(`Bearer ${await with_({})}`, { previousSecret })).resolves.toMatchObject({ id: 'alice' });
    await expectUnauthenticated(`Bearer ${await with_({})}`, { secret: SECRET });
    await expectUnauthenticated(`Bearer ${await with_({ exp: NOW_SECONDS - 60 })}`, options);
    await expectUnauthenticated(
      `Bearer ${await signed(CLAIMS, 'a third secret, of at least thirty-two bytes')}`,
      options,
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['a token that expired within the tolerance', { exp: NOW_SECONDS - 4 }],
    ['a token that becomes valid within the tolerance', { nbf: NOW_SECONDS + 5 }],
    ['a subject of 256 characters', { sub: 'é'.repeat(256) }],
    ['an emoji in the subject', { sub: 'alice 🎓' }],
  ])('accepts %s', async (_case, claims) => {
    await expect(authenticate(`Bearer ${await signed({ ...CLAIMS, ...claims })}`)).resolves.not.toBeNull();
  });

  it.each<[string, Record<string, unknown>]>([
    ['an expired token', { exp: NOW_SECONDS - 5 }],
    ['no exp', { exp: undefined }],
    ['an exp that is not a number', { exp: '9999999999' }],
    ['a token that is not valid yet', { nbf: NOW_SECONDS + 6 }],
    ['no sub', { sub: undefined }],
    ['an empty sub', { sub: '' }],
    ['a blank sub', { sub: ' \t ' }],
    ['a numeric sub', { sub: 42 }],
    ['a sub that is an object', { sub: { $ne: null } }],
    ['a sub that is too long', { sub: 'x'.repeat(257) }],
    ['a control character in the sub', { sub: 'ali\nce' }],
    ['a NUL in the sub', { sub: 'alice\u0000' }],
    ['a lone surrogate in the sub', { sub: 'alice\ud800' }],
    ['no role', { role: undefined }],
    ['an unknown role', { role: 'owner' }],
    ['a role in capitals', { role: 'ADMIN' }],
    ['a list of roles without a known role', { role: ['offline'] }],
    ['a list of lists', { role: [['admin']] }],
    ['an object of roles', { role: { admin: true } }],
    ['a role in another claim than the configured one', { role: undefined, roles: 'admin' }],
  ])('refuses %s', async (_case, claims) => {
    await expectUnauthenticated(`Bearer ${await signed({ ...CLAIMS, ...claims })}`);
  });

  it('says in the message that the token has expired', async () => {
    const token = await signed({ ...CLAIMS, exp: NOW_SECONDS - 60 });
    expect((await refusalOf(authenticate(`Bearer ${token}`))).message).toBe('The token has expired. Sign in again.');
  });

  it.each(['toString', '__proto__', 'constructor'])(
    'does not read an inherited property as the role claim %s',
    async (claim) => {
      await expectUnauthenticated(`Bearer ${await signed(CLAIMS)}`, { secret: SECRET, roleClaim: claim });
    },
  );

  it.each<[string, (token: string) => string]>([
    ['an empty header', () => ''],
    ['a scheme without a token', () => 'Bearer'],
    ['a scheme and a space without a token', () => 'Bearer '],
    ['a token without a scheme', (token) => token],
    ['another scheme', (token) => `Basic ${token}`],
    ['no space between scheme and token', (token) => `Bearer${token}`],
    ['two tokens after one scheme', (token) => `Bearer ${token} ${token}`],
    ['two credentials in one header', (token) => `Bearer ${token}, Bearer ${token}`],
    ['characters after the token', (token) => `Bearer ${token};`],
    ['a newline before the token', (token) => `Bearer \n${token}`],
    ['a token that is not a JWT', () => 'Bearer abc'],
    ['three parts that are not a JWT', () => 'Bearer a.b.c'],
    ['a token without its signature', (token) => `Bearer ${token.slice(0, token.lastIndexOf('.') + 1)}`],
    ['a token that is too long', (token) => `Bearer ${token}${'A'.repeat(9000)}`],
    ['a token with base64 padding', (token) => `Bearer ${token}=`],
  ])('refuses %s', async (_case, header) => {
    await expectUnauthenticated(header(await signed(CLAIMS)));
  });

  it('refuses a correctly signed token that is too long', async () => {
    await expectUnauthenticated(`Bearer ${await signed({ ...CLAIMS, padding: 'x'.repeat(9000) })}`);
  });

  it.each(['none', 'None', 'NONE', '', 'hs256', 'HS999', null, 256, ['HS256']])('refuses alg %j', async (alg) => {
    await expectUnauthenticated(`Bearer ${part({ alg })}.${part(CLAIMS)}.${part('signature')}`);
  });

  it('refuses alg none with an empty signature', async () => {
    await expectUnauthenticated(`Bearer ${part({ alg: 'none' })}.${part(CLAIMS)}.`);
  });

  it.each(['HS384', 'HS512'])('refuses %s even when the secret is right', async (alg) => {
    const key = bytes(SECRET.repeat(2));
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg }).sign(key);
    await expectUnauthenticated(`Bearer ${token}`, { secret: SECRET.repeat(2) });
  });

  it('refuses a token whose payload was changed', async () => {
    const [header, , signature] = (await signed(CLAIMS)).split('.');
    await expectUnauthenticated(`Bearer ${header}.${part({ ...CLAIMS, role: 'admin' })}.${signature}`);
  });

  it('refuses a token signed with another secret', async () => {
    await expectUnauthenticated(`Bearer ${await signed(CLAIMS, `${SECRET}!`)}`);
  });

  it('refuses a token with an unknown critical header', async () => {
    await expectUnauthenticated(`Bearer ${part({ alg: 'HS256', crit: ['x'], x: 1 })}.${part(CLAIMS)}.${part('s')}`);
  });

  it('keeps the verification error as the cause, for the log', async () => {
    const error = await refusalOf(authenticate(`Bearer ${await signed(CLAIMS, `${SECRET}!`)}`));
    expect(error.cause).toMatchObject({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });

  describe('with a configured issuer and audience', () => {
    const options = { secret: SECRET, issuer: 'https://id.example.org', audience: 'lectern' };

    it.each<[string, Record<string, unknown>]>([
      ['a token with both', { iss: options.issuer, aud: 'lectern' }],
      [
        'a token whose list of audiences contains the configured one',
        { iss: options.issuer, aud: ['other', 'lectern'] },
      ],
    ])('accepts %s', async (_case, claims) => {
      await expect(authenticate(`Bearer ${await signed({ ...CLAIMS, ...claims })}`, options)).resolves.not.toBeNull();
    });

    it.each<[string, Record<string, unknown>]>([
      ['a wrong issuer', { iss: 'https://evil.example.org', aud: 'lectern' }],
      ['no issuer', { aud: 'lectern' }],
      ['a wrong audience', { iss: options.issuer, aud: 'other' }],
      ['no audience', { iss: options.issuer }],
    ])('refuses %s', async (_case, claims) => {
      await expectUnauthenticated(`Bearer ${await signed({ ...CLAIMS, ...claims })}`, options);
    });
  });
});

describe('authentication with a key set', () => {
  type Algorithm = (typeof ALGORITHMS)[number];
  const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const;
  const keys = new Map<Algorithm, Awaited<ReturnType<typeof generateKeyPair>>>();
  const jwks: JWK[] = [];
  let provider: Server;
  let jwksUrl: string;
  let fetches = 0;

  beforeAll(async () => {
    for (const alg of ALGORITHMS) {
      const pair = await generateKeyPair(alg, { extractable: true });
      keys.set(alg, pair);
      jwks.push({ ...(await exportJWK(pair.publicKey)), kid: alg, alg, use: 'sig' });
    }
    // A provider that publishes a shared secret by mistake: it must not verify anything.
    jwks.push({ kty: 'oct', kid: 'leaked', alg: 'HS256', k: Buffer.from(SECRET).toString('base64url') });
    provider = createServer((request, response) => {
      fetches += 1;
      if (request.url === '/silent') return;
      if (request.url === '/away') response.statusCode = 503;
      if (request.url === '/moved') response.writeHead(302, { location: '/keys' });
      response.end(request.url === '/broken' ? '<html>' : JSON.stringify({ keys: jwks }));
    });
    await new Promise<void>((listening) => provider.listen(0, '127.0.0.1', listening));
    jwksUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`;
  });

  afterAll(() => {
    provider.closeAllConnections();
    provider.close();
  });

  function signedWith(alg: Algorithm, claims: object = CLAIMS, kid: string = alg): Promise<string> {
    const pair = keys.get(alg);
    if (pair === undefined) throw new Error(`No key for ${alg}`);
    return new SignJWT({ ...claims }).setProtectedHeader({ alg, kid }).sign(pair.privateKey);
  }

  it.each(ALGORITHMS)('verifies %s tokens', async (alg) => {
    const header = `Bearer ${await signedWith(alg)}`;
    await expect(authenticate(header, { jwksUrl })).resolves.toEqual({ id: 'alice', role: 'instructor' });
    await expect(authenticate(header, { jwksUrl, secret: SECRET })).resolves.toMatchObject({ id: 'alice' });
  });

  it('fetches the key set once for many tokens', async () => {
    const authenticator = createAuthenticator({ roleClaim: 'role', now: () => NOW, jwksUrl });
    const tokens = await Promise.all(ALGORITHMS.map((alg) => signedWith(alg)));
    fetches = 0;
    await Promise.all(tokens.map((token) => authenticator.authenticate(`Bearer ${token}`)));
    expect(fetches).toBe(1);
  });

  it('does not fetch the key set for a token that none of its keys can have signed', async () => {
    const authenticator = createAuthenticator({ roleClaim: 'role', now: () => NOW, jwksUrl, secret: SECRET });
    fetches = 0;
    await authenticator.authenticate(`Bearer ${await signed(CLAIMS)}`);
    await refusalOf(authenticator.authenticate(`Bearer ${part({ alg: 'none' })}.${part(CLAIMS)}.x`));
    await refusalOf(authenticator.authenticate(`Bearer ${part({ alg: 'HS512' })}.${part(CLAIMS)}.x`));
    expect(fetches).toBe(0);
  });

  it('refuses a token with an unknown kid', async () => {
    await expectUnauthenticated(`Bearer ${await signedWith('RS256', CLAIMS, 'other')}`, { jwksUrl });
  });

  it('refuses a token signed with one key under the kid of another', async () => {
    await expectUnauthenticated(`Bearer ${await signedWith('RS256', CLAIMS, 'PS256')}`, { jwksUrl });
  });

  it('refuses an expired token', async () => {
    const token = await signedWith('ES256', { ...CLAIMS, exp: NOW_SECONDS - 60 });
    await expectUnauthenticated(`Bearer ${token}`, { jwksUrl });
  });

  it('refuses HS256 made with the public key as the secret', async () => {
    const spki = JSON.stringify(jwks[0]);
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', kid: 'RS256' }).sign(bytes(spki));
    await expectUnauthenticated(`Bearer ${token}`, { jwksUrl });
    await expectUnauthenticated(`Bearer ${token}`, { jwksUrl, secret: SECRET });
  });

  it('refuses HS256 even when the set contains the shared secret', async () => {
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', kid: 'leaked' }).sign(bytes(SECRET));
    await expectUnauthenticated(`Bearer ${token}`, { jwksUrl });
  });

  it('ignores keys and key URLs in the header of a token', async () => {
    const forger = await generateKeyPair('RS256', { extractable: true });
    const token = await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'RS256', kid: 'RS256', jwk: await exportJWK(forger.publicKey), jku: jwksUrl })
      .sign(forger.privateKey);
    await expectUnauthenticated(`Bearer ${token}`, { jwksUrl });
  });

  it('refuses a token of a key pair when only a secret is configured', async () => {
    await expectUnauthenticated(`Bearer ${await signedWith('RS256')}`, { secret: SECRET });
  });

  it.each(['away', 'broken', 'moved'])('answers SERVICE_UNAVAILABLE when the key set is %s', async (path) => {
    const header = `Bearer ${await signedWith('RS256')}`;
    const error = await refusalOf(authenticate(header, { jwksUrl: jwksUrl.replace('keys', path) }));
    expect(error.code).toBe('SERVICE_UNAVAILABLE');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('answers SERVICE_UNAVAILABLE when the provider does not answer in time', async () => {
    const header = `Bearer ${await signedWith('RS256')}`;
    const options = { jwksUrl: jwksUrl.replace('keys', 'silent'), jwksTimeoutMs: 50 };
    expect((await refusalOf(authenticate(header, options))).code).toBe('SERVICE_UNAVAILABLE');
  });

  it('answers SERVICE_UNAVAILABLE when nothing listens at the key set URL', async () => {
    const gone = createServer();
    await new Promise<void>((listening) => gone.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}/keys`;
    await new Promise((closed) => gone.close(closed));
    const error = await refusalOf(authenticate(`Bearer ${await signedWith('RS256')}`, { jwksUrl: url }));
    expect(error.code).toBe('SERVICE_UNAVAILABLE');
  });
});

describe('mintToken', () => {
  it('makes a token that an authenticator with the same options accepts', async () => {
    const shared = { secret: SECRET, issuer: 'https://id.example.org', audience: 'lectern', roleClaim: 'part' };
    const token = await mintToken({ ...shared, sub: 'alice', role: 'student', expiresInSeconds: 60 });
    const viewer = await createAuthenticator(shared).authenticate(`Bearer ${token}`);
    expect(viewer).toEqual({ id: 'alice', role: 'student' });
  });

  it('makes a token that expires', async () => {
    const options = { secret: SECRET, roleClaim: 'role' };
    const token = await mintToken({ ...options, sub: 'alice', role: 'student', expiresInSeconds: 60 });
    const later = new Date(Date.now() + 70_000);
    await expectUnauthenticated(`Bearer ${token}`, { ...options, now: () => later });
  });
});
