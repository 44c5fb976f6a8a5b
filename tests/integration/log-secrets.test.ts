import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintToken } from '../../src/auth/mint-token.js';
import { createBucket } from '../support/bucket.js';
import { s3Environment } from '../support/app.js';
import { fixtures } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { fileOf, uploadRequest, type UploadFile } from '../support/multipart.js';
import { startServer, type ServerProcess } from '../support/server.js';
import { onEveryStorage } from '../support/storages.js';

const random = (): string => randomBytes(36).toString('base64url');

onEveryStorage('the log at level trace', (storage) => {
  let dataDir: string;
  let server: ServerProcess;
  /** Texts that must not appear in the log, and what each is. */
  const secrets = new Map<string, string>();
  const keep = (what: string, secret: string): string => {
    if (secret.length > 16) secrets.set(secret, what);
    return secret;
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lectern-log-'));
    const s3 = storage.name === 's3' ? s3Environment(await createBucket())! : {};
    keep('the key of the bucket', s3['AWS_SECRET_ACCESS_KEY'] ?? '');
    server = await startServer(
      {
        NODE_ENV: 'test',
        PORT: '0',
        DATA_DIR: dataDir,
        LOG_LEVEL: 'trace',
        AUTH_JWT_SECRET: keep('the secret of tokens', random()),
        URL_SIGNING_SECRET: keep('the secret of URLs', random()),
        // Nothing listens there, so that tokens with a key fail.
        AUTH_JWKS_URL: `http://127.0.0.1:${await freePort()}/keys`,
        ...s3,
      },
      dataDir,
    );
  });
  afterAll(async () => {
    await server.stop('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  });

  const secretOf = (what: string): string => [...secrets].find(([, name]) => name === what)![0];

  async function newToken(
    what: string,
    secret = secretOf('the secret of tokens'),
    expiresInSeconds = 600,
  ): Promise<string> {
    const token = await mintToken({ secret, sub: 'ada', role: 'instructor', roleClaim: 'role', expiresInSeconds });
    // The header is the same in all tokens and no secret.
    const [, payload, signature] = token.split('.');
    keep(`${what}, its payload`, payload!);
    keep(`${what}, its signature`, signature!);
    return token;
  }

  function keepUrl(url: string | null | undefined): string {
    const { searchParams } = new URL(url!);
    keep('a signature of a URL', searchParams.get('signature') ?? searchParams.get('X-Amz-Signature')!);
    return url!;
  }

  it('contains no token, no signature and no secret', async () => {
    const token = await newToken('a token');
    const upload = (
      document: Parameters<typeof uploadRequest>[1]['document'],
      variables: object,
      files: Record<string, UploadFile>,
    ) => uploadRequest(server.url, { document: document as string, variables: variables as never, files, token });

    // Successful work: uploads, a replacement, a deletion, signed URLs and a permalink.
    const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
    const input = { title: 'Logged', status: 'PUBLISHED' as const };
    const created = await uploadRequest(server.url, {
      document: gql.CreateCourseDocument,
      variables: { input },
      files,
      token,
    });
    const course = dataOf(created).createCourse;
    for (const url of [course.thumbnailUrl, course.introVideoUrl]) expect((await fetch(keepUrl(url))).status).toBe(200);
    const replaced = { courseId: course.id, file: null };
    await upload(gql.UploadCourseThumbnailDocument as never, replaced, { file: fixtures.png });
    const link = `${new URL(server.url).origin}/courses/${course.id}/thumbnail/file`;
    const redirect = await fetch(link, { redirect: 'manual', headers: { authorization: `Bearer ${token}` } });
    expect(redirect.status).toBe(302);
    keepUrl(redirect.headers.get('location'));

    // Files that are refused.
    const html = fileOf('<!doctype html>', 'a.png', 'image/png');
    for (const file of [html, fileOf(fixtures.png.bytes.subarray(0, 900), 'a.png', 'image/png')]) {
      const refused = await upload(gql.UploadImageDocument as never, { file: null }, { file });
      expect(refused.body.errors?.[0]?.extensions?.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    }

    // Tokens that are refused for each possible reason, and one that cannot be verified.
    const forged = await newToken('a forged token', keep('another secret', random()));
    const expired = await newToken('an expired token', undefined, -60);
    const byKey = `${Buffer.from('{"alg":"RS256","kid":"a"}').toString('base64url')}.${forged.split('.').slice(1).join('.')}`;
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.split('.').slice(1).join('.')}`;
    const long = keep('a token that is too long', `a.${'b'.repeat(9_000)}.c`);
    for (const [bad, status] of [
      [forged, 401],
      [expired, 401],
      [none, 401],
      [long, 401],
      [byKey, 503],
    ] as const) {
      const answer = await graphql(server.url, gql.ViewerDocument, {}, { token: bad });
      expect(answer.status).toBe(status);
    }
    const origin = new URL(server.url).origin;
    const headers = { authorization: `Basic ${keep('a password', Buffer.from(`ada:${random()}`).toString('base64'))}` };
    expect((await fetch(`${origin}/media/image/x`, { headers })).status).toBe(401);
    // Tokens where none belongs: in the query string, in variables, and in invalid operations.
    await fetch(`${server.url}?access_token=${token}&query=%7B__typename%7D`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    await graphql(server.url, gql.CourseFactsDocument, { id: token }, { token });
    await graphql(server.url, `{ course(id: "${token}") { nothing } }`, {}, { token });
    await graphql(server.url, `{ course(id: "${token}"`, {}, { token });

    // URLs that are refused: changed, of a deleted file, and malformed.
    const local = new URL('/files/images/a/b.png', origin);
    local.searchParams.set('signature', keep('a forged signature of a URL', random()));
    local.searchParams.set('expires', '99999999999999');
    expect((await fetch(local)).status).toBe(403);
    expect((await fetch(`${local.href}&signature=%`)).status).toBe(403);
    expect((await fetch(`${origin}/files/%?signature=${secretOf('a forged signature of a URL')}`)).status).toBe(400);
    await graphql(server.url, gql.DeleteCourseDocument, { id: course.id }, { token });
    await fetch(course.thumbnailUrl!);

    expect(await server.stop()).toBe(0);
    // Secrets that the server created itself.
    const made = join(dataDir, 'secrets');
    for (const name of await readdir(made).catch(() => [])) {
      keep(`the secret ${name}`, (await readFile(join(made, name), 'utf8')).trim());
    }

    const log = server.stdout() + server.stderr();
    const lines = log.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.filter((line) => line.includes('step begins')).length).toBeGreaterThan(10);
    expect(lines.some((line) => line.includes('a dependency is unavailable'))).toBe(true);
    expect(secrets.size).toBeGreaterThanOrEqual(12);
    for (const [secret, what] of secrets) {
      for (const spelt of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        expect([what, log.includes(spelt)]).toEqual([what, false]);
      }
    }
    // The banner, which shows a token in development, is left out.
    const logged = [...lines, server.stderr()].join('\n');
    expect(logged).not.toMatch(/[?&](signature|X-Amz-(Signature|Credential))=/i);
    expect(logged).not.toMatch(/\beyJ[\w-]{10,}\.eyJ/);
  });
});
