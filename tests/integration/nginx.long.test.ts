import { readFile } from 'node:fs/promises';
import { afterEach, expect, it, describe } from 'vitest';
import type { Environment } from '../../src/config.js';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import { Curl } from '../support/curl.js';
import { downloadedSha256, sha256 } from '../support/download.js';
import { startEcho } from '../support/echo.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import { freePort } from '../support/free-port.js';
import { CreateCourseDocument, type CreateCourseMutation } from '../support/gql/graphql.js';
import type { GraphqlResponse } from '../support/graphql-client.js';
import { halfDuplexRequest } from '../support/half-duplex.js';
import { graphqlParts, multipartBody, rawRequest } from '../support/multipart.js';
import { hasNginx, NGINX_HOST, type Nginx, startNginx } from '../support/nginx.js';
import { tracesOf } from '../support/traces.js';

const MB = 1_000_000;
/** 300 MB, and some bytes. */
const film = bigMp4(300 * MB + 11, 'film.mp4');

describe.skipIf(!hasNginx)('behind nginx, configured as documented', () => {
  let app: TestApp | undefined;
  let nginx: Nginx;
  afterEach(async () => {
    await nginx.stop();
    await app?.remove();
    app = undefined;
  });

  /** Starts the server, and nginx in front of it. Returns the address for clients. */
  async function start(prefix = '', overrides: Environment = {}): Promise<string> {
    const [port, serverPort] = [await freePort(), await freePort()];
    const publicUrl = `http://127.0.0.1:${port}${prefix}`;
    const own = { PORT: String(serverPort), HOST: '127.0.0.1', PUBLIC_URL: publicUrl, TRUST_PROXY: '1' };
    app = await startApp({ ...own, ...overrides });
    nginx = await startNginx({ port, serverPort, prefix });
    return publicUrl;
  }

  const filmForm = () => {
    const variables = { input: { title: 'Film' } };
    return multipartBody(graphqlParts({ document: CreateCourseDocument, variables, files: { introVideo: film } }));
  };

  it('accepts an upload of 300 MB over TLS and HTTP/2, and serves a range of it and the whole file', async () => {
    const [port, serverPort, redirectPort] = [await freePort(), await freePort(), await freePort()];
    const publicUrl = `https://${NGINX_HOST}:${port}`;
    app = await startApp({ PORT: String(serverPort), HOST: '127.0.0.1', PUBLIC_URL: publicUrl, TRUST_PROXY: '1' });
    nginx = await startNginx({ port, serverPort, redirectPort });
    const curl = new Curl(nginx.folder, nginx.certificate);

    const answer = await curl.upload(`${publicUrl}/graphql`, {
      document: CreateCourseDocument,
      variables: { input: { title: 'Film' } },
      path: 'introVideo',
      file: film,
      token: await tokenFor('ada', 'instructor'),
    });
    expect(answer).toMatchObject({ status: 200, version: '2' });
    const { data } = JSON.parse(await readFile(curl.body, 'utf8')) as GraphqlResponse<CreateCourseMutation>['body'];
    const { introVideoUrl, introVideo } = data!.createCourse;
    expect(introVideo).toMatchObject({ size: film.size, sha256: film.sha256 });
    expect(introVideoUrl).toContain(`${publicUrl}/files/`);

    const partial = { status: 206, version: '2' };
    expect(await curl.request(introVideoUrl!, '-r', `${200 * MB}-${200 * MB + 9_999}`)).toMatchObject(partial);
    const range = await readFile(curl.body);
    expect(await curl.request(introVideoUrl!)).toMatchObject({ status: 200, version: '2' });
    const whole = await readFile(curl.body);
    expect(sha256(whole)).toBe(film.sha256);
    expect(range.equals(whole.subarray(200 * MB, 200 * MB + 10_000))).toBe(true);

    const redirected = await curl.request(`http://${NGINX_HOST}:${redirectPort}/studio/?a=b`);
    expect(redirected).toMatchObject({ status: 301, redirect: `https://${NGINX_HOST}/studio/?a=b` });
  });

  it('tells the server how the client has reached it', async () => {
    const echo = await startEcho();
    const [port, redirectPort] = [await freePort(), await freePort()];
    nginx = await startNginx({ port, serverPort: echo.port, redirectPort });
    const curl = new Curl(nginx.folder, nginx.certificate);
    await curl.request(
      `https://${NGINX_HOST}:${port}/`,
      '-H',
      'x-forwarded-for: 192.0.2.1',
      '-H',
      'x-request-id: mine',
    );
    const headers: unknown = JSON.parse(await readFile(curl.body, 'utf8'));
    expect(headers).toMatchObject({
      host: `${NGINX_HOST}:${port}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.1, 127.0.0.1',
      'x-request-id': 'mine',
    });
    await echo.stop();
  });

  it('forwards a refusal while the upload is still running, also to a client that writes everything first', async () => {
    const url = `${await start('', { COURSE_INTRO_VIDEO_MAX_BYTES: String(20 * MB) })}/graphql`;
    const before = await tracesOf(app!);
    const { token } = await clientOf({ url }, 'ada');
    const refused = [
      { status: 401, code: 'UNAUTHENTICATED', token: undefined },
      { status: 200, code: 'FILE_TOO_LARGE', token },
    ];
    for (const { status, code, token: given } of refused) {
      const early = await rawRequest(url, {
        body: filmForm(),
        duplex: 'full',
        framing: 'content-length',
        token: given,
      });
      expect(early.response).toMatchObject({ status, text: expect.stringContaining(code) });
      expect(early.bytesSent).toBeLessThan(film.size);
      const { response } = await halfDuplexRequest(url, { body: filmForm(), framing: 'content-length', token: given });
      expect(response).toMatchObject({ status, text: expect.stringContaining(code) });
    }
    expect(await tracesOf(app!)).toEqual(before);
  });

  it('counts requests by the actual address of the client, not by one that it claims', async () => {
    const url = `${await start('', { RATE_LIMIT_ADDRESS_PER_MINUTE: '1' })}/graphql?query=%7B__typename%7D`;
    const statusFor = async (client: string): Promise<number> => {
      const headers = { 'x-forwarded-for': client, 'apollo-require-preflight': 'true' };
      return (await fetch(url, { headers })).status;
    };
    // nginx appends the address of its client, 127.0.0.1, to the addresses that the client sent.
    expect(await statusFor('192.0.2.1')).toBe(200);
    expect(await statusFor('192.0.2.2')).toBe(429);
  });

  it('removes a path prefix', async () => {
    const publicUrl = await start('/lectern');
    const client = await clientOf({ url: `${publicUrl}/graphql` }, 'ada');
    const course = await createCourse(client, { title: 'Prefixed' }, { thumbnail: fixtures.thumbnail });
    expect(course.thumbnailUrl).toContain(`${publicUrl}/files/`);
    expect(await downloadedSha256(course.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
    expect(await downloadedSha256(`${publicUrl}/courses/${course.id}/thumbnail/file`)).toBe(fixtures.thumbnail.sha256);
    expect((await fetch(`${publicUrl}/readyz`)).status).toBe(200);
  });
});
