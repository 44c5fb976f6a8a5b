import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.js';
import { newKey, startKeyProvider, type KeyProvider, type NamedKey } from '../support/key-provider.js';

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
  authenticator = createAuthenticator({ roleClaim: 'role', jwksUrl: provider.url, jwksTimeoutMs: 300 });
});
afterEach(() => {
  vi.useRealTimers();
  provider.close();
});

/** A token of a key; without `kid` unless one is given. */
function signed(key: NamedKey, kid?: string): Promise<string> {
  return new SignJWT({ sub: 'ada', role: 'student' })
    .setProtectedHeader({ alg: key.alg, ...(kid !== undefined && { kid }) })
    .setExpirationTime('1h')
    .sign(key.privateKey);
}

/** `ok`, or the code of the refusal. */
async function outcome(token: string | Promise<string>): Promise<string> {
  const { viewer, code } = await authenticator.authenticate(`Bearer ${await token}`).then(
    (known) => ({ viewer: known, code: '' }),
    (error: unknown) => ({ viewer: null, code: (error as { code: string }).code }),
  );
  return viewer ? 'ok' : code;
}

describe('a token that names no key', () => {
  it('is verified by the only key that fits its algorithm', async () => {
    for (const key of [rsa, ec, ed]) expect([key.alg, await outcome(signed(key))]).toEqual([key.alg, 'ok']);
  });

  it('is verified by whichever of several made it', async () => {
    provider.keys = [rsaOther.jwk, rsa.jwk, ec.jwk];
    expect(await outcome(signed(rsa))).toBe('ok');
    expect(await outcome(signed(rsaOther))).toBe('ok');
    expect(await outcome(signed({ ...rsa, privateKey: (await newKey('RS256', 'x')).privateKey }))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('is tried with a bounded number of keys', async () => {
    const others = await Promise.all(Array.from({ length: 10 }, (_, i) => newKey('ES256', `ec-${i}`)));
    provider.keys = [...others.map(({ jwk }) => jwk), ec.jwk];
    expect(await outcome(signed(others[9]!))).toBe('ok');
    expect(await outcome(signed(ec))).toBe('UNAUTHENTICATED');
    expect(await outcome(signed(ec, 'ec'))).toBe('ok');
  });

  it('is still judged by its claims', async () => {
    provider.keys = [rsaOther.jwk, rsa.jwk];
    const expired = new SignJWT({ sub: 'ada', role: 'student', exp: 1 }).setProtectedHeader({ alg: 'RS256' });
    expect(await outcome(expired.sign(rsa.privateKey))).toBe('UNAUTHENTICATED');
  });
});

describe('keys that cannot verify', () => {
  it('refuse the token, and are no defect', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const publicJwk = short.publicKey.export({ format: 'jwk' }) as JWK;
    provider.keys = [{ ...publicJwk, kid: 'short', alg: 'RS256' }, rsa.jwk];
    expect(await outcome(signed(rsa, 'short'))).toBe('UNAUTHENTICATED');
    expect(await outcome(signed(rsa))).toBe('ok');
  });
});

describe('a provider', () => {
  const after = (milliseconds: number): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
  };

  it.each<[string, KeyProvider['answer']]>([
    ['is out of order', (_request, response) => response.writeHead(500).end('{"keys":[]}')],
    ['has moved', (_request, response) => response.writeHead(302, { location: '/keys' }).end()],
    ['answers a page', (_request, response) => response.end('<html>')],
    ['answers no key set', (_request, response) => response.end('{"keys":"none"}')],
    ['answers nothing', (_request, response) => response.end()],
    ['hangs up', (request) => request.destroy()],
    ['never answers', () => undefined],
    ['never comes to an end', (_request, response) => response.write('{"keys":[')],
    [
      'answers far too much',
      (_request, response) => response.end(JSON.stringify({ keys: [], padding: 'x'.repeat(300_000) })),
    ],
  ])('that %s refuses nobody for good, and is left alone for a while', async (_what, answer) => {
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

  it('is asked about unknown keys once in a while, however many tokens name one', async () => {
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

  it('withdraws a key within ten minutes', async () => {
    expect(await outcome(signed(rsa, 'rsa'))).toBe('ok');
    provider.keys = [ec.jwk];
    expect(await outcome(signed(rsa, 'rsa'))).toBe('ok');
    after(600_001);
    expect(await outcome(signed(rsa, 'rsa'))).toBe('UNAUTHENTICATED');
  });
});
