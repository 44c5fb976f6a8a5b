import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.js';
import { newKey, startKeyProvider, type KeyProvider, type NamedKey } from '../support/key-provider.js';
import { patience } from '../support/patience.js';

/** How long the identity provider may take to answer, in milliseconds. Two tests wait for it to pass. */
const ANSWER_WITHIN_MS = patience(1_000);

let rsa: NamedKey;
let rsaOther: NamedKey;
let ec: NamedKey;
let ed: NamedKey;
let provider: KeyProvider;
let authenticator: Authenticator;

beforeAll(async () => {
  [rsa, rsaOther, ec, ed] = await Promise.all([
    newKey('RS256', 'rsa'),
    newKey('RS256', 'rsa-2'),
    newKey('ES256', 'ec'),
    newKey('EdDSA', 'ed'),
  ]);
});
beforeEach(async () => {
  provider = await startKeyProvider([rsa.jwk, ec.jwk, ed.jwk]);
  authenticator = createAuthenticator({ roleClaim: 'role', jwksUrl: provider.url, jwksTimeoutMs: ANSWER_WITHIN_MS });
});
afterEach(() => {
  vi.useRealTimers();
  provider.close();
});

/** A token signed with `key`; without a `kid` unless one is given. */
function signed(key: NamedKey, kid?: string): Promise<string> {
  return new SignJWT({ sub: 'ada', role: 'student' })
    .setProtectedHeader({ alg: key.alg, ...(kid !== undefined && { kid }) })
    .setExpirationTime('1h')
    .sign(key.privateKey);
}

/** `ok`, or the error code. */
async function outcome(token: string | Promise<string>): Promise<string> {
  const { viewer, code } = await authenticator.authenticate(`Bearer ${await token}`).then(
    (known) => ({ viewer: known, code: '' }),
    (error: unknown) => ({ viewer: null, code: (error as { code: string }).code }),
  );
  return viewer ? 'ok' : code;
}

describe('a token without a kid', () => {
  it('is verified by the only key of the set that fits its algorithm', async () => {
    for (const key of [rsa, ec, ed]) expect([key.alg, await outcome(signed(key))]).toEqual([key.alg, 'ok']);
  });

  it('is verified by the key that signed it when several keys fit its algorithm', async () => {
    provider.keys = [rsaOther.jwk, rsa.jwk, ec.jwk];
    expect(await outcome(signed(rsa))).toBe('ok');
    expect(await outcome(signed(rsaOther))).toBe('ok');
    expect(await outcome(signed({ ...rsa, privateKey: (await newKey('RS256', 'x')).privateKey }))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('is tried against a bounded number of keys', async () => {
    const others = await Promise.all(Array.from({ length: 10 }, (_, i) => newKey('ES256', `ec-${i}`)));
    provider.keys = [...others.map(({ jwk }) => jwk), ec.jwk];
    expect(await outcome(signed(others[9]!))).toBe('ok');
    expect(await outcome(signed(ec))).toBe('UNAUTHENTICATED');
    expect(await outcome(signed(ec, 'ec'))).toBe('ok');
  });

  it('is refused when it has expired', async () => {
    provider.keys = [rsaOther.jwk, rsa.jwk];
    const expired = new SignJWT({ sub: 'ada', role: 'student', exp: 1 }).setProtectedHeader({ alg: 'RS256' });
    expect(await outcome(expired.sign(rsa.privateKey))).toBe('UNAUTHENTICATED');
  });
});

describe('a key set with a key that is too short to verify', () => {
  it('refuses tokens of that key as UNAUTHENTICATED and accepts tokens of the others', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const publicJwk = short.publicKey.export({ format: 'jwk' }) as JWK;
    provider.keys = [{ ...publicJwk, kid: 'short', alg: 'RS256' }, rsa.jwk];
    expect(await outcome(signed(rsa, 'short'))).toBe('UNAUTHENTICATED');
    expect(await outcome(signed(rsa))).toBe('ok');
  });
});

describe('an identity provider', () => {
  const after = (milliseconds: number): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
  };

  it.each<[string, KeyProvider['answer']]>([
    ['answers 500', (_request, response) => response.writeHead(500).end('{"keys":[]}')],
    ['redirects', (_request, response) => response.writeHead(302, { location: '/keys' }).end()],
    ['answers HTML', (_request, response) => response.end('<html>')],
    ['answers JSON that is no key set', (_request, response) => response.end('{"keys":"none"}')],
    ['answers an empty body', (_request, response) => response.end()],
    ['closes the connection', (request) => request.destroy()],
    ['never answers', () => undefined],
    ['never ends its answer', (_request, response) => response.write('{"keys":[')],
    [
      'answers more than the allowed size',
      (_request, response) => response.end(JSON.stringify({ keys: [], padding: 'x'.repeat(300_000) })),
    ],
  ])('that %s makes tokens fail with SERVICE_UNAVAILABLE, and is asked again after 5 s', async (_what, answer) => {
    provider.answer = answer;
    const token = await signed(rsa, 'rsa');
    expect(await Promise.all(Array.from({ length: 20 }, () => outcome(token)))).toEqual(
      Array(20).fill('SERVICE_UNAVAILABLE'),
    );
    expect(provider.asked()).toBe(1);
    expect(await outcome(token)).toBe('SERVICE_UNAVAILABLE');
    expect(provider.asked()).toBe(1);

    provider.answer = undefined;
    after(5_001);
    expect(await outcome(token)).toBe('ok');
    expect(provider.asked()).toBe(2);
  });

  it('is asked once in 30 s however many tokens name an unknown key', async () => {
    expect(await outcome(signed(rsa, 'rsa'))).toBe('ok');
    for (let i = 0; i < 20; i++) expect(await outcome(signed(rsaOther, `unknown-${i}`))).toBe('UNAUTHENTICATED');
    expect(provider.asked()).toBe(1);

    provider.keys = [rsaOther.jwk];
    after(30_001);
    expect(await outcome(signed(rsaOther, 'rsa-2'))).toBe('ok');
    expect(provider.asked()).toBe(2);
    // The old key is gone from the set.
    expect(await outcome(signed(rsa, 'rsa'))).toBe('UNAUTHENTICATED');
  });

  it('can withdraw a key: its tokens are refused after at most ten minutes', async () => {
    expect(await outcome(signed(rsa, 'rsa'))).toBe('ok');
    provider.keys = [ec.jwk];
    expect(await outcome(signed(rsa, 'rsa'))).toBe('ok');
    after(600_001);
    expect(await outcome(signed(rsa, 'rsa'))).toBe('UNAUTHENTICATED');
  });
});
