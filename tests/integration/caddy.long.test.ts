import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { s3Environment, startApp, tokenFor, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { type Caddy, CADDY_HOSTS, hasCaddy, startCaddy, validateCaddyfile } from '../support/caddy.js';
import { Curl, type CurlAnswer } from '../support/curl.js';
import { sha256 } from '../support/download.js';
import { startEcho } from '../support/echo.js';
import { bigMp4 } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import { CreateCourseDocument, type CreateCourseMutation } from '../support/gql/graphql.js';
import type { GraphqlResponse } from '../support/graphql-client.js';

const MIB = 1024 ** 2;
const MAX_BYTES = 40 * MIB;
const film = bigMp4(33 * MIB, 'film.mp4');
const tooLong = bigMp4(300 * MIB, 'too-long.mp4');

describe.skipIf(!hasCaddy || inject('s3') === null)('behind Caddy, configured as documented, with an S3 store', () => {
  let app: TestApp;
  let caddy: Caddy;
  let curl: Curl;
  let publicUrl: string;

  beforeAll(async () => {
    const [port, serverPort] = [await freePort(), await freePort()];
    publicUrl = `https://${CADDY_HOSTS.LECTERN_HOST}:${port}`;
    const s3 = s3Environment(await createBucket())!;
    caddy = await startCaddy({ port, lectern: `127.0.0.1:${serverPort}`, store: new URL(s3['S3_ENDPOINT']!).host });
    app = await startApp({
      ...s3,
      ...{ PORT: String(serverPort), HOST: '127.0.0.1', PUBLIC_URL: publicUrl, TRUST_PROXY: '1' },
      S3_PUBLIC_ENDPOINT: `https://${CADDY_HOSTS.FILES_HOST}:${port}`,
      COURSE_INTRO_VIDEO_MAX_BYTES: String(MAX_BYTES),
    });
    curl = new Curl(caddy.folder, caddy.authority);
  });
  afterAll(async () => {
    await Promise.all([caddy.stop(), app.remove()]);
  });

  const upload = async (file: typeof film, token: string, version?: '1.1'): Promise<CurlAnswer> =>
    curl.upload(`${publicUrl}/graphql`, {
      document: CreateCourseDocument,
      variables: { input: { title: 'Film' } },
      path: 'introVideo',
      file,
      token,
      ...(version && { version }),
    });

  it('caddy validate accepts the file', async () => {
    expect(await validateCaddyfile()).toContain('Valid configuration');
  });

  it('accepts an upload over HTTP/2, and serves it from the store, by range too', async () => {
    const answer = await upload(film, await tokenFor('ada', 'instructor'));
    expect(answer).toMatchObject({ status: 200, version: '2' });
    const { data } = JSON.parse(await readFile(curl.body, 'utf8')) as GraphqlResponse<CreateCourseMutation>['body'];
    const { introVideoUrl, introVideo } = data!.createCourse;
    expect(introVideo).toMatchObject({ size: film.size, sha256: film.sha256 });
    expect(introVideoUrl).toContain(`https://${CADDY_HOSTS.FILES_HOST}`);

    expect(await curl.request(introVideoUrl!)).toMatchObject({ status: 200, version: '2' });
    const whole = await readFile(curl.body);
    expect(sha256(whole)).toBe(film.sha256);
    expect(await curl.request(introVideoUrl!, '-r', '1000000-1009999')).toMatchObject({ status: 206 });
    expect((await readFile(curl.body)).equals(whole.subarray(1_000_000, 1_010_000))).toBe(true);
  });

  it('forwards a refusal while the upload is still running', async () => {
    expect(await upload(tooLong, 'forged')).toMatchObject({ status: 401, version: '2' });
    expect(await readFile(curl.body, 'utf8')).toContain('UNAUTHENTICATED');
    // curl 7.88 reads a response of status 200 over HTTP/2 at once, but does not end its upload when the stream is closed.
    expect(await upload(tooLong, await tokenFor('ada', 'instructor'), '1.1')).toMatchObject({ status: 200 });
    expect(await readFile(curl.body, 'utf8')).toContain('FILE_TOO_LARGE');
  });

  it('tells the server how the client has reached it', async () => {
    const echo = await startEcho();
    const port = await freePort();
    const another = await startCaddy({ port, lectern: `127.0.0.1:${echo.port}`, store: '127.0.0.1:9' });
    const client = new Curl(another.folder, another.authority);
    await client.request(`https://${CADDY_HOSTS.LECTERN_HOST}:${port}/`, '-H', 'x-forwarded-for: 192.0.2.1');
    expect(JSON.parse(await readFile(client.body, 'utf8'))).toMatchObject({
      host: `${CADDY_HOSTS.LECTERN_HOST}:${port}`,
      'x-forwarded-proto': 'https',
      // Caddy does not trust what its clients say about themselves.
      'x-forwarded-for': '127.0.0.1',
    });
    await another.stop();
    await echo.stop();
  });
});
