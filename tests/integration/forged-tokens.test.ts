import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { exportJWK, exportSPKI, importJWK, SignJWT, type JWTHeaderParameters } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, TEST_SECRET, type TestApp } from '../support/app.js';
import { ViewerDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { newKey, startKeyProvider, type KeyProvider, type NamedKey } from '../support/key-provider.js';
import { tracesOf } from '../support/traces.js';

const ISSUER = 'https://id.example.org/';
const AUDIENCE = 'lectern';

let app: TestApp;
let provider: KeyProvider;
let keys: Record<'RS256' | 'ES256' | 'EdDSA', NamedKey>;
let forger: NamedKey;

beforeAll(async () => {
  keys = {
    RS256: await newKey('RS256', 'rsa'),
    ES256: await newKey('ES256', 'ec'),
    EdDSA: await newKey('EdDSA', 'ed'),
  };
  forger = await newKey('RS256', 'rsa');
  provider = await startKeyProvider(Object.values(keys).map(({ jwk }) => jwk));
  app = await startApp({ AUTH_JWKS_URL: provider.url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE });
});
afterAll(async () => {
  await app.remove();
  provider.close();
});

const now = (): number => Math.floor(Date.now() / 1000);
const claims = (more: object = {}): Record<string, unknown> => {
  return { sub: 'ada', role: 'admin', iss: ISSUER, aud: AUDIENCE, exp: now() + 600, ...more };
};
const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** An HS256 token with any header and payload, which may be text, and a correct signature. */
function hs256(payload: unknown, header: unknown = { alg: 'HS256', typ: 'JWT' }, secret = TEST_SECRET): string {
  const text = `${base64url(header)}.${base64url(payload)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function byKey(key: NamedKey, payload = claims(), header: Partial<JWTHeaderParameters> = {}): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey, { crit: { x: true } });
}

/** Changes the three parts of a token. */
function parts(token: string, change: (parts: [string, string, string]) => string[]): string {
  return change(token.split('.') as [string, string, string]).join('.');
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Queries the viewer with these header lines, over a new socket: no client normalises them. */
async function ask(...lines: string[]): Promise<Answer> {
  const { hostname, port } = new URL(app.url);
  const body = '{"query":"{ viewer { id role } }"}';
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close');
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: lectern',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  socket.write(Buffer.from([...head, ...lines, 'Connection: close', '', body].join('\r\n'), 'latin1'));
  await closed;
  const text = Buffer.concat(chunks).toString('latin1');
  return { status: Number(text.split(' ')[1]), text };
}

describe('a valid token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'is accepted when it is signed as %s with a key of the set',
    async (alg) => {
      for (const header of [{}, { kid: undefined }] as Partial<JWTHeaderParameters>[]) {
        const token = await byKey(keys[alg], claims(), header);
        const answer = await graphql(app.url, ViewerDocument, {}, { token });
        expect(dataOf(answer).viewer).toEqual({ id: 'ada', role: 'ADMIN' });
      }
    },
  );

  it('is accepted when it is signed as HS256 with the secret', async () => {
    expect((await ask(`Authorization: Bearer ${hs256(claims())}`)).text).toContain('"id":"ada"');
    expect((await ask(`authorization: bearer ${hs256(claims({ aud: ['other', AUDIENCE] }))}`)).text).toContain('"ada"');
  });
});

type Forgery = readonly [what: string, token: () => string | Promise<string>];

const ALGORITHMS: Forgery[] = [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    '',
    'hs256',
    'HS256 ',
    'HS1',
    null,
    1,
    true,
    ['HS256'],
    { a: 1 },
  ].flatMap((alg): Forgery[] => [
    [`alg ${JSON.stringify(alg)}`, () => hs256(claims(), { alg })],
    [`alg ${JSON.stringify(alg)} without a signature`, () => parts(hs256(claims(), { alg }), ([h, p]) => [h, p, ''])],
  ]),
  ['no alg', () => hs256(claims(), { typ: 'JWT' })],
  ['two values of alg', () => hs256(claims(), '{"alg":"HS256","alg":"none"}')],
  ['no signature and no second dot', () => parts(hs256(claims()), ([h, p]) => [h, p])],
  ...(['HS384', 'HS512'] as const).map((alg): Forgery => {
    return [
      `${alg} by the secret`,
      () => {
        const text = `${base64url({ alg })}.${base64url(claims())}`;
        return `${text}.${createHmac(alg.replace('HS', 'sha'), TEST_SECRET).update(text).digest('base64url')}`;
      },
    ];
  }),
  [
    'HS256 signed with the public key as PEM',
    async () => hs256(claims(), { alg: 'HS256', kid: 'rsa' }, await exportSPKI(keys.RS256.publicKey)),
  ],
  [
    'HS256 signed with the public key as JWK',
    () => hs256(claims(), { alg: 'HS256', kid: 'rsa' }, JSON.stringify(keys.RS256.jwk)),
  ],
  ['HS256 signed with the modulus', () => hs256(claims(), { alg: 'HS256', kid: 'rsa' }, String(keys.RS256.jwk.n))],
  ['HS256 signed with an empty secret', () => hs256(claims(), undefined, '')],
  ['HS256 signed with another secret', () => hs256(claims(), undefined, `${TEST_SECRET}!`)],
  ['RS256 with an HS256 signature', () => hs256(claims(), { alg: 'RS256', kid: 'rsa' })],
  ['ES256 with the kid of an RS256 key', () => byKey(keys.ES256, claims(), { kid: 'rsa' })],
  [
    'an ES256 signature of zeros',
    async () => parts(await byKey(keys.ES256), ([h, p]) => [h, p, Buffer.alloc(64).toString('base64url')]),
  ],
  [
    'another algorithm than that of the key',
    async () => {
      const key = await importJWK({ ...(await exportJWK(keys.RS256.privateKey)), alg: 'RS512' }, 'RS512');
      return new SignJWT(claims()).setProtectedHeader({ alg: 'RS512', kid: 'rsa' }).sign(key);
    },
  ],
];

const KEYS: Forgery[] = [
  ['another key with the kid of a known one', () => byKey(forger)],
  ['a kid that is not in the set', () => byKey(keys.RS256, claims(), { kid: 'unknown' })],
  ['a kid that is a path', () => byKey(forger, claims(), { kid: '../../../dev/null' })],
  ['a kid that is a query', () => byKey(forger, claims(), { kid: "x' OR '1'='1" })],
  ['a kid that is an operator', () => hs256(claims(), { alg: 'RS256', kid: { $ne: null } })],
  ['a kid that is a number', () => hs256(claims(), { alg: 'RS256', kid: 1 })],
  ['a kid of __proto__', () => byKey(forger, claims(), { kid: '__proto__' })],
  ['its own key in the header', () => byKey(forger, claims(), { jwk: forger.jwk })],
  ['its own key in the header and no kid', () => byKey(forger, claims(), { kid: undefined, jwk: forger.jwk } as never)],
  ['its own secret in the header', () => hs256(claims(), { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, '\0\0\0')],
  ['a jku', () => byKey(forger, claims(), { jku: 'http://127.0.0.1:1/keys' })],
  ['an x5u', () => byKey(forger, claims(), { x5u: 'http://127.0.0.1:1/cert' })],
  ['an x5c', () => byKey(forger, claims(), { x5c: [Buffer.alloc(8).toString('base64')] })],
  ['an unknown critical header', () => byKey(keys.RS256, claims(), { crit: ['x'], x: 1 })],
  ['a critical header, signed with the secret', () => hs256(claims(), { alg: 'HS256', crit: ['exp'], exp: 1 })],
  ['an empty crit', () => hs256(claims(), { alg: 'HS256', crit: [] })],
  ['an unencoded payload', () => hs256(claims(), { alg: 'HS256', b64: false, crit: ['b64'] })],
];

const CLAIMS: Forgery[] = [
  ...(
    [
      ['expired', { exp: now() - 60 }],
      ['no exp', { exp: undefined }],
      ['an exp that is text', { exp: String(now() + 600) }],
      ['an exp that is null', { exp: null }],
      ['an exp that is a list', { exp: [now() + 600] }],
      ['a token that is not valid yet', { nbf: now() + 60 }],
      ['an nbf that is text', { nbf: '0' }],
      ['another issuer', { iss: 'https://evil.example.org/' }],
      ['an issuer without its last character', { iss: ISSUER.slice(0, -1) }],
      ['a list of issuers', { iss: [ISSUER] }],
      ['no issuer', { iss: undefined }],
      ['another audience', { aud: 'other' }],
      ['an audience that begins with the right one', { aud: `${AUDIENCE}-2` }],
      ['other audiences', { aud: ['a', 'b'] }],
      ['an audience that is an object', { aud: { [AUDIENCE]: true } }],
      ['no audience', { aud: undefined }],
      ['no sub', { sub: undefined }],
      ['an empty sub', { sub: '' }],
      ['a blank sub', { sub: '\u2003' }],
      ['a numeric sub', { sub: 1 }],
      ['a sub that is null', { sub: null }],
      ['a sub that is true', { sub: true }],
      ['a sub that is a list', { sub: ['ada'] }],
      ['a sub that is a database operator', { sub: { $ne: null } }],
      ['a sub with a NUL', { sub: 'ada\0' }],
      ['a sub that is too long', { sub: 'x'.repeat(257) }],
      ['no role', { role: undefined }],
      ['an unknown role', { role: 'root' }],
      ['a role in capitals', { role: 'ADMIN' }],
      ['a list without a known role', { role: ['ADMIN', 'owner'] }],
      ['a list of lists of roles', { role: [['admin']] }],
      ['a role that is an object', { role: { admin: true } }],
      ['a role that is true', { role: true }],
      ['a role that is a number', { role: 0 }],
      ['a role that is a database operator', { role: { $in: ['admin'] } }],
      ['a role in the prototype of the claims', { role: undefined, __proto__: { role: 'admin' } }],
    ] as const
  ).map(([what, more]): Forgery => [what, () => hs256(claims(more))]),
  ['no claims', () => hs256({})],
  ['claims that are a list', () => hs256([claims()])],
  ['claims that are null', () => hs256('null')],
  ['claims that are text', () => hs256('"admin"')],
  ['claims that are not JSON', () => hs256('{"sub":"ada"')],
  [
    'a role in a __proto__ claim',
    () => hs256(JSON.stringify(claims({ role: undefined })).replace('}', ',"__proto__":{"role":"admin"}}')),
  ],
];

const SPELLINGS: Forgery[] = [
  ['a changed payload', () => parts(hs256(claims({ role: 'student' })), ([h, , s]) => [h, base64url(claims()), s])],
  ['a changed header', () => parts(hs256(claims()), ([, p, s]) => [base64url({ alg: 'HS256' }), p, s])],
  [
    'a changed signature',
    () => parts(hs256(claims()), ([h, p, s]) => [h, p, (s.startsWith('A') ? 'B' : 'A') + s.slice(1)]),
  ],
  ['a truncated signature', () => parts(hs256(claims()), ([h, p, s]) => [h, p, s.slice(0, -4)])],
  ['an extended signature', () => parts(hs256(claims()), ([h, p, s]) => [h, p, `${s}AAAA`])],
  [
    'the signature of another token',
    () => parts(hs256(claims()), ([h, p]) => [h, p, hs256(claims({ sub: 'bob' })).split('.')[2]!]),
  ],
  [
    'a different base64url spelling of its signature',
    () => parts(hs256(claims()), ([h, p, s]) => [h, p, otherSpelling(s)]),
  ],
  ['the parts in another order', () => parts(hs256(claims()), ([h, p, s]) => [p, h, s])],
  ['a dot at the beginning', () => `.${hs256(claims())}`],
  ['a dot at the end', () => `${hs256(claims())}.`],
  ['five parts, like an encrypted token', () => `${hs256(claims())}.AAAA.AAAA`],
  ['two dots', () => '..'],
  ['padding', () => `${hs256(claims())}=`],
  ['base64 padding inside', () => parts(hs256(claims()), ([h, p, s]) => [`${h}==`, p, s])],
  ['the base64 alphabet instead of base64url', () => parts(hs256(claims()), ([h, p]) => [h, p, '+/'.repeat(21) + 'A'])],
  ['a space inside', () => parts(hs256(claims()), ([h, p, s]) => [h, `${p} `, s])],
  ['a NUL', () => `${hs256(claims())}%00`],
  ['characters outside ASCII', () => `${hs256(claims())}\xe9`],
  ['full-width letters', () => Buffer.from('\uff45\uff59.\uff45\uff59.\uff45\uff59').toString('latin1')],
  ['quotes around it', () => `"${hs256(claims())}"`],
  ['JSON', () => JSON.stringify({ token: hs256(claims()) })],
  ['a valid signature, but more than the maximum length', () => hs256(claims({ more: 'x'.repeat(8_000) }))],
  ['only dots', () => '.'.repeat(8_000)],
];

/** The last of 43 characters has two bits that belong to no byte. */
function otherSpelling(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const spelt = signature.slice(0, -1) + alphabet.charAt(alphabet.indexOf(signature.at(-1)!) + 1);
  expect(Buffer.from(spelt, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
  return spelt;
}

const HEADERS: readonly [string, (token: string) => string[]][] = [
  ['no scheme', (token) => [`Authorization: ${token}`]],
  ['another scheme', (token) => [`Authorization: Basic ${token}`]],
  ['a longer scheme', (token) => [`Authorization: Bearers ${token}`]],
  ['the scheme twice', (token) => [`Authorization: Bearer Bearer ${token}`]],
  ['no token after the scheme', () => ['Authorization: Bearer']],
  ['an empty header', () => ['Authorization:']],
  ['a tab after the scheme', (token) => [`Authorization: Bearer\t${token}`]],
  ['a comma after the token', (token) => [`Authorization: Bearer ${token},`]],
  ['two credentials', (token) => [`Authorization: Bearer ${token}, Bearer ${token}`]],
  ['two headers', (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
  [
    'two headers, the second without a token',
    (token) => [`Authorization: Bearer ${token}`, 'authorization: Basic YTpi'],
  ],
  [
    'two headers, the first without a token',
    (token) => ['Authorization: Basic YTpi', `authorization: Bearer ${token}`],
  ],
];

describe('an invalid token is refused as UNAUTHENTICATED', () => {
  async function expectRefused(...lines: string[]): Promise<void> {
    const { status, text } = await ask(...lines);
    expect([status, /"code":"(\w+)"/.exec(text)?.[1]]).toEqual([401, 'UNAUTHENTICATED']);
    expect(text).not.toContain('"data"');
    for (const piece of lines
      .join('.')
      .split(/[. ]/)
      .filter((one) => one.length > 20))
      expect(text).not.toContain(piece);
  }

  it.each([...ALGORITHMS, ...KEYS, ...CLAIMS, ...SPELLINGS])('%s', async (_what, token) => {
    await expectRefused(`Authorization: Bearer ${await token()}`);
  });

  it.each(HEADERS)('a valid token with %s', async (_what, lines) => {
    await expectRefused(...lines(hs256(claims())));
  });

  it('a header larger than HTTP allows is refused with 431', async () => {
    const { status, text } = await ask(`Authorization: Bearer ${hs256(claims({ more: 'x'.repeat(20_000) }))}`);
    expect(status).toBe(431);
    expect(text).not.toContain('data');
  });

  it('URLs in tokens are never requested, and the provider is asked at most twice', async () => {
    expect(provider.asked()).toBeLessThanOrEqual(2);
    expect(await tracesOf(app)).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('a provider that is unavailable', () => {
  it('makes its tokens fail with SERVICE_UNAVAILABLE, while tokens signed with the secret still work', async () => {
    // Restarted, so that the server has no keys yet.
    await app.stop();
    app = await startApp(
      { AUTH_JWKS_URL: provider.url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
      app.environment,
    );
    provider.answer = (_request, response) => response.writeHead(503).end();
    const { status, text } = await ask(`Authorization: Bearer ${await byKey(keys.RS256)}`);
    expect([status, /"code":"(\w+)"/.exec(text)?.[1]]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(text).toContain('"retryable":true');
    expect((await ask(`Authorization: Bearer ${hs256(claims())}`)).text).toContain('"id":"ada"');
  });
});
