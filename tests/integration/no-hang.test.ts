import { print } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/auth/viewer.js';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { bigJpeg, bigMp4 } from '../support/fixtures.js';
import { CreateCourseDocument } from '../support/gql/graphql.js';
import { halfDuplexRequest } from '../support/half-duplex.js';
import { fieldPart, filePart, multipartBody, rawRequest, type Part, type RawBody } from '../support/multipart.js';
import { expectInTime, waitFor, waitUntil } from '../support/patience.js';
import { sampleOf } from '../support/scope.js';
import { followRequests, type ServedRequests } from '../support/server-connections.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;
/** Each client gets its answer within this time, in milliseconds on an idle machine. */
const ANSWER_MS = 2_000;

/** A part that is larger than all buffers, with bytes that are generated once. */
function part(name: string, file: ReturnType<typeof bigMp4>): Part {
  const chunks = [...file.chunks()];
  return { ...filePart(name, file), chunks: () => chunks };
}
const jpeg = bigJpeg(9 * MIB);
const mp4 = bigMp4(11 * MIB);
const thumbnail = part('thumbnail', jpeg);
const introVideo = part('introVideo', mp4);

interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly operations?: string;
  readonly map?: Record<string, string[]>;
  readonly files?: readonly Part[];
  readonly role?: Role | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const nulls = { thumbnail: null, introVideo: null };
const bothFields = `mutation ($thumbnail: Upload!, $introVideo: Upload!) {
  first: uploadImage(file: $thumbnail) { id }
  second: uploadImage(file: $introVideo) { id }
}`;

const REFUSALS: readonly Refusal[] = [
  { what: 'no token', code: 'UNAUTHENTICATED', role: null },
  { what: 'an invalid token', code: 'UNAUTHENTICATED', headers: { authorization: 'Bearer x.y.z' } },
  { what: 'no CSRF header', code: 'BAD_REQUEST', headers: { 'apollo-require-preflight': '' } },
  { what: 'another type', code: 'UNSUPPORTED_MEDIA_TYPE', headers: { 'content-type': 'text/plain' } },
  { what: 'operations that are not JSON', code: 'BAD_REQUEST', operations: '{' },
  { what: 'a hostile map', code: 'BAD_REQUEST', map: { thumbnail: ['variables.__proto__.x'] } },
  {
    what: 'too many files',
    code: 'TOO_MANY_FILES',
    map: Object.fromEntries('abcdefghijk'.split('').map((n) => [n, []])),
  },
  { what: 'a syntax error', code: 'GRAPHQL_PARSE_FAILED', query: 'mutation {' },
  { what: 'an unknown field', code: 'GRAPHQL_VALIDATION_FAILED', query: 'mutation { uploadNothing { id } }' },
  { what: 'a missing variable', code: 'BAD_USER_INPUT', variables: nulls },
  { what: 'a query that costs too much', code: 'QUERY_TOO_COSTLY', query: `{ ${'viewer { id } '.repeat(2_000)} }` },
  { what: 'a student', code: 'FORBIDDEN', role: 'student' },
  { what: 'a bad title', code: 'BAD_USER_INPUT', variables: { input: { title: '' }, ...nulls } },
  { what: 'a video as image', code: 'UNSUPPORTED_MEDIA_TYPE', files: [part('thumbnail', mp4), introVideo] },
  { what: 'an image as video', code: 'UNSUPPORTED_MEDIA_TYPE', files: [thumbnail, part('introVideo', jpeg)] },
  {
    what: 'an image over its limit',
    code: 'FILE_TOO_LARGE',
    files: [part('thumbnail', bigJpeg(11 * MIB)), introVideo],
  },
  { what: 'a video over its limit', code: 'FILE_TOO_LARGE', files: [thumbnail, part('introVideo', bigMp4(13 * MIB))] },
  { what: 'a file that never arrives', code: 'BAD_REQUEST', files: [thumbnail, part('other', mp4)] },
  {
    what: 'a malformed part header',
    code: 'BAD_REQUEST',
    files: [thumbnail, { ...introVideo, headers: ['Content Disposition: form-data'] }],
  },
  { what: 'a file that no field reads before one that is read', code: 'BAD_REQUEST', ...oneTakenOfTwo() },
  // In the reverse order, the first field would wait for a part after one that nobody reads yet.
  { what: 'two fields', code: 'FILE_TOO_LARGE', query: bothFields, variables: nulls, files: twoImages() },
];

function twoImages(): Part[] {
  return [part('thumbnail', bigJpeg(11 * MIB)), part('introVideo', jpeg)];
}

/** One of the two files is used, whichever comes first. */
function oneTakenOfTwo(): Pick<Refusal, 'query' | 'variables'> {
  return {
    query: 'mutation ($introVideo: Upload!) { uploadImage(file: $introVideo) { id } }',
    variables: nulls,
  };
}

describe('a request that is refused while both of its files are still arriving', () => {
  let app: TestApp;
  let tokens: Record<string, string>;
  let served: ServedRequests;
  let before: string[];

  beforeAll(async () => {
    app = await startApp({ COURSE_INTRO_VIDEO_MAX_BYTES: String(12 * MIB) });
    tokens = { instructor: await tokenFor('ada', 'instructor'), student: await tokenFor('sam', 'student') };
    before = await tracesOf(app);
    served = followRequests();
  });
  afterAll(async () => {
    served.stop();
    await app.remove();
  });

  function bodyOf({ query, variables, operations, map, files }: Refusal, turned: boolean): RawBody {
    const document = query ?? print(CreateCourseDocument);
    const values = variables ?? { input: { title: 'Refused' }, ...nulls };
    const places = { thumbnail: ['variables.thumbnail'], introVideo: ['variables.introVideo'] };
    const parts = [...(files ?? [thumbnail, introVideo])];
    return multipartBody([
      fieldPart('operations', operations ?? JSON.stringify({ query: document, variables: values })),
      fieldPart('map', JSON.stringify(map ?? places)),
      ...(turned ? parts.reverse() : parts),
    ]);
  }

  let sent = 0;

  it.each(sampleOf(REFUSALS, 6))(
    '$what: is answered within 2 s with files in either order, to full-duplex and half-duplex clients',
    async (refusal) => {
      const { role = 'instructor', headers = {} } = refusal;
      const attempts = [false, true].flatMap((turned) => {
        const request = { body: bodyOf(refusal, turned), token: role === null ? undefined : tokens[role], headers };
        return [rawRequest, halfDuplexRequest].map(async (send) => {
          const path = `/graphql?request=${String((sent += 1))}`;
          const { response, milliseconds } = await send(app.origin + path, request);
          return { path, turned, client: send.name, response, milliseconds };
        });
      });
      for (const { path, turned, client, response, milliseconds } of await Promise.all(attempts)) {
        const codes = (JSON.parse(response?.text ?? '{}') as Answer).errors?.map(({ extensions }) => extensions.code);
        expect({ turned, client, codes }).toEqual({ turned, client, codes: [expectedCode(refusal, turned)] });
        await expectInTime(milliseconds, ANSWER_MS);
        // The server closes the connection, whether or not the client does.
        const request = served.all.find(({ url }) => url === path)!;
        await waitUntil(() => request.closedAt !== undefined, { within: 2_000 });
      }
      await waitFor(async () => expect(await tracesOf(app)).toEqual(before));
    },
  );
});

describe('two fields of one operation whose files arrive in the expected order', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await startApp();
    token = await tokenFor('ada', 'instructor');
  });
  afterAll(() => app.remove());

  // Within the parser's buffers, just over them, and much more than all buffers.
  it.each([20_000, 30_000, 50_000, 100_000, 9 * MIB])('are served: %i bytes each', async (size) => {
    const body = multipartBody([
      fieldPart('operations', JSON.stringify({ query: bothFields, variables: nulls })),
      fieldPart('map', JSON.stringify({ thumbnail: ['variables.thumbnail'], introVideo: ['variables.introVideo'] })),
      part('thumbnail', bigJpeg(size)),
      part('introVideo', bigJpeg(size)),
    ]);
    const { response } = await rawRequest(app.url, { body, token });
    expect(JSON.parse(response!.text)).toEqual({
      data: { first: { id: expect.any(String) }, second: { id: expect.any(String) } },
    });
  });
});

interface Answer {
  readonly errors?: { readonly extensions: { readonly code: string } }[];
}

/** The refusal of the field that is reached first. */
function expectedCode({ what, code }: Refusal, turned: boolean): string {
  if (what === 'two fields') return turned ? 'BAD_REQUEST' : code;
  if (what === 'a file that no field reads before one that is read') return turned ? 'UNSUPPORTED_MEDIA_TYPE' : code;
  return code;
}
