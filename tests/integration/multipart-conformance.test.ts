import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/errors.js';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { fixtures } from '../support/fixtures.js';
import { graphql } from '../support/graphql-client.js';
import { REFUSED, SERVED } from '../support/multipart-cases.js';
import { CASE_LIMITS, operationsFor } from '../support/multipart-forms.js';
import { fieldPart, filePart, multipartBody, rawRequest, truncated, type RawBody } from '../support/multipart.js';
import { expectInTime, waitFor } from '../support/patience.js';
import { sampleOf, volume } from '../support/scope.js';
import { tracesOf } from '../support/traces.js';

interface Answer {
  readonly data?: { uploadImage: { file: { filename: string; sha256: string } } } | null;
  readonly errors?: { message: string; path?: unknown[]; extensions: { code: string } }[];
}

/** The specification: https://github.com/jaydenseric/graphql-multipart-request-spec */
describe('the GraphQL multipart request specification', () => {
  let app: TestApp;
  let token: string;
  let before: string[];

  beforeAll(async () => {
    const slots = ['VIDEO_FILE', 'VIDEO_THUMBNAIL', 'COURSE_THUMBNAIL', 'COURSE_INTRO_VIDEO', 'VIDEO_CAPTION'];
    const limits = [...slots, 'VIDEO_RESOURCE', 'IMAGE'].map((slot) => [`${slot}_MAX_BYTES`, CASE_LIMITS.fileBytes]);
    app = await startApp({
      ...Object.fromEntries(limits.map(([name, bytes]) => [name, String(bytes)])),
      MAX_JSON_BODY_BYTES: String(CASE_LIMITS.fieldBytes),
      UPLOAD_MAX_FILES: String(CASE_LIMITS.files),
    });
    token = await tokenFor('ada', 'instructor');
  });
  afterAll(() => app.remove());
  beforeEach(async () => {
    before = await tracesOf(app);
  });

  /** Objects shared by the whole process, which no request may change. */
  const shared = (): string[] =>
    [Object, Array, String, Function].flatMap(({ prototype }) =>
      Reflect.ownKeys(prototype as object).flatMap((key) => {
        const value = Object.getOwnPropertyDescriptor(prototype, key)?.value as unknown;
        const below = typeof value === 'function' ? Reflect.ownKeys(value).length : 0;
        return `${String(key)} ${below}`;
      }),
    );
  const untouched = shared();
  afterEach(() => expect(shared()).toEqual(untouched));

  const post = (body: RawBody, more: { headers?: Readonly<Record<string, string>>; framing?: 'chunked' } = {}) =>
    rawRequest(app.url, { body, token, ...more });

  /** Waits until nothing of the request is kept: a refusal can arrive before everything is removed. */
  async function expectNoTrace(): Promise<void> {
    await waitFor(async () => expect(await tracesOf(app)).toEqual(before));
  }

  it.each(sampleOf(SERVED, 8))('serves %s', async (_what, body, filename) => {
    const { response } = await post(body());
    const { data, errors } = JSON.parse(response!.text) as Answer;
    expect([response?.status, errors]).toEqual([200, undefined]);
    expect(data?.uploadImage.file).toEqual({ filename, sha256: fixtures.png.sha256 });
    expect(await tracesOf(app)).toHaveLength(before.length + 2);
  });

  it('serves a form without files', async () => {
    const query = '{ viewer { id } }';
    const parts = [fieldPart('operations', JSON.stringify({ query })), fieldPart('map', '{}')];
    const { response } = await post(multipartBody(parts));
    expect(JSON.parse(response!.text)).toEqual({ data: { viewer: { id: 'ada' } } });
  });

  it.each(sampleOf(REFUSED, 24))(
    'refuses $what: $code',
    async ({ body, code, of, headers, framing, message = /./ }) => {
      const outcome = await post(body(), { ...(headers && { headers }), ...(framing && { framing }) });
      expect(outcome.ended).toBe('response');
      await expectInTime(outcome.milliseconds);
      const { status, text, headers: answered } = outcome.response!;
      expect(answered.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
      const { data, errors = [] } = JSON.parse(text) as Answer;
      expect(errors.map(({ extensions }) => extensions.code)).toEqual([code]);
      expect(data ?? null).toBeNull();
      if (of === 'request') expect(status).toBe(ERROR_CATALOGUE[code].status);
      else expect(errors[0]?.path).toHaveLength(1);
      expect(errors[0]?.message).toMatch(message);
      expect(errors[0]?.message.length).toBeLessThan(500);
      await expectNoTrace();
    },
  );

  const parts = [
    fieldPart('operations', operationsFor()),
    fieldPart('map', '{"0":["variables.file"]}'),
    filePart('0', fixtures.png),
  ];
  const whole = multipartBody(parts, 'border');
  const bytes = Buffer.concat([...whole.chunks()]);
  const fileAt = bytes.indexOf(fixtures.png.bytes);
  const mapEnd = bytes.lastIndexOf('\r\n--border', fileAt) + '\r\n--border'.length;
  /** Every byte of the form's structure, and some bytes of the file. */
  const cuts = Array.from({ length: bytes.length - 2 }, (_, size) => size).filter(
    (size) => size <= fileAt + 2 || size >= fileAt + fixtures.png.size - 2 || size % 500 === 0,
  );

  it('refuses a form that is truncated at any byte', async () => {
    expect(cuts.length).toBeGreaterThan(bytes.length - fixtures.png.size - 3);
    for (const size of sampleOf(cuts, 50)) {
      const part = bytes.subarray(0, size);
      const outcome = await post({ contentType: whole.contentType, size, chunks: () => [part] });
      const { data, errors } = JSON.parse(outcome.response!.text) as Answer;
      const codes = errors?.map(({ extensions }) => extensions.code);
      // Before the end of the map there is no upload that could be incomplete.
      const expected = size < mapEnd ? 'BAD_REQUEST' : 'UPLOAD_INCOMPLETE';
      expect([size, codes, data ?? null]).toEqual([size, [expected], null]);
    }
    await expectNoTrace();
  });

  it.each(['end', 'reset'] as const)('survives clients that disconnect (%s) at any byte', async (afterwards) => {
    for (const size of cuts.filter((_, index) => index % volume(75, 25) === 0)) {
      await rawRequest(app.url, { body: truncated(whole, size), token, afterwards });
    }
    await expectNoTrace();
    expect((await graphql(app.url, '{ viewer { id } }', {}, { token })).body).toEqual({
      data: { viewer: { id: 'ada' } },
    });
  });
});
