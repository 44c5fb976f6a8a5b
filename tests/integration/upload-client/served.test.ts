import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../support/app.js';
import { ROOT } from '../../support/docs-pages.js';

const run = promisify(execFile);
const PAGES = 'https://courses.example';

describe('/upload-client.js', () => {
  let app: TestApp;
  let folder: string;
  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: PAGES });
    folder = await mkdtemp(join(tmpdir(), 'lectern-client-'));
  });
  afterAll(async () => {
    await app.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(new URL(path, app.url), { method, headers });

  /** Sends a conditional request like a browser: Node's fetch adds `Cache-Control: no-cache`. Resolves with the status. */
  async function conditional(path: string, etag: string): Promise<number | undefined> {
    const request = http.get(new URL(path, app.url), { headers: { 'if-none-match': etag } });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    answer.resume();
    return answer.statusCode;
  }

  it.each([
    ['/upload-client.js', 'text/javascript; charset=utf-8'],
    ['/upload-client.d.ts', 'text/plain; charset=utf-8'],
  ])('%s is served to pages of CORS_ORIGINS, and sent again only when it has changed', async (path, type) => {
    const answer = await get(path, { origin: PAGES });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': type,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': PAGES,
      vary: 'Origin',
    });
    expect(await answer.text()).toBe(await readFile(join(ROOT, 'dist', path), 'utf8'));
    const etag = answer.headers.get('etag')!;
    expect(await conditional(path, etag)).toBe(304);
    expect(await conditional(path, '"another"')).toBe(200);
    const head = await get(path, {}, 'HEAD');
    expect([head.status, head.headers.get('content-type')]).toEqual([200, type]);
    expect((await get(path, { origin: 'https://elsewhere.example' })).headers.has('access-control-allow-origin')).toBe(
      false,
    );
  });

  it('gives access to no other file', async () => {
    for (const path of ['/main.js', '/upload-client.js/', '/upload-client.js/../main.js', '/http/upload-client.js']) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        404,
        'application/json; charset=utf-8',
      ]);
    }
    expect((await get('/upload-client.js', {}, 'POST')).status).toBe(404);
  });

  it('is one small module without imports', async () => {
    const text = await (await get('/upload-client.js')).text();
    expect(text).not.toMatch(/\bimport\b|\brequire\(/);
    expect(text.length).toBeLessThan(30_000);
    await writeFile(join(folder, 'upload-client.mjs'), text);
    const module: object = await import(pathToFileURL(join(folder, 'upload-client.mjs')).href);
    expect(Object.keys(module).sort()).toEqual(['UploadError', 'createUploader']);
  });

  it('has declarations that compile on their own and report type errors', async () => {
    await writeFile(join(folder, 'upload-client.d.ts'), await (await get('/upload-client.d.ts')).text());
    const right = `import { createUploader, UploadError, type UploadResult } from './upload-client.js';
const uploader = createUploader({ endpoint: '/graphql', token: async () => 'token' });
const upload = uploader.upload(new Blob(), { slot: 'IMAGE', image: { altText: 'A lake' }, filename: 'lake.png' });
export const done: Promise<UploadResult> = upload.done;
export const code = (error: unknown): string => (error instanceof UploadError ? error.code : '');
`;
    const wrong = right.replace("'IMAGE'", "'PICTURE'");
    await writeFile(join(folder, 'right.ts'), right);
    await writeFile(join(folder, 'wrong.ts'), wrong);
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', 'right.ts', 'wrong.ts'];
    const outcome = await run(process.execPath, [compiler, ...options], { cwd: folder }).catch(
      (error: unknown) => error,
    );
    const errors = (outcome as { stdout: string }).stdout.trim().split('\n');
    expect(errors).toEqual([expect.stringMatching(/^wrong\.ts.*TS2322.*PICTURE/)]);
  });
});
