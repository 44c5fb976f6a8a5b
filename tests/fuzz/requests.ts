import { fixtures } from '../support/fixtures.js';
import { mutateBytes, mutateForm, mutateHead, type Form } from './mutations.js';
import { Random } from './random.js';

/** One request as it goes over the wire. */
export interface FuzzRequest {
  readonly bytes: Buffer;
  /** Its head is sound: it says where the request ends, so there has to be an answer, and the connection can go on. */
  readonly isFramed: boolean;
}

export interface Sender {
  readonly host: string;
  readonly token: string;
  /** Whose thumbnail and intro video are replaced, so that what is taken piles up nowhere. */
  readonly courseId: string;
}

const THUMBNAIL = 'mutation ($id: ID!, $file: Upload!) { uploadCourseThumbnail(courseId: $id, file: $file) { id } }';
const BOTH = `mutation ($id: ID!, $file: Upload!, $intro: Upload!) {
  a: uploadCourseThumbnail(courseId: $id, file: $file) { id } b: uploadCourseIntroVideo(courseId: $id, file: $intro) { id }
}`;

/** The request of this number: always the same for the same seed, but for the token and the course. */
export function requestOf(seed: number, index: number, sender: Sender): FuzzRequest {
  const random = Random.of(seed, index);
  const isJson = random.oneIn(8);
  const form = isJson ? undefined : formFor(random, sender.courseId);
  const boundary = 'lectern-fuzz';
  const isFormChanged = form !== undefined && random.oneIn(2);
  if (isFormChanged) mutateForm(form, random);
  let body = form ? bytesOf(form, boundary) : jsonFor(random, sender.courseId);
  // Nearly all are changed one way or the other; a few are sound, so that there is something to be broken.
  if (isFormChanged ? random.oneIn(3) : !random.oneIn(30)) body = mutateBytes(body, random);
  const chunked = random.oneIn(10);
  const headers: [name: string, value: string][] = [
    ['Host', sender.host],
    ['Authorization', `Bearer ${sender.token}`],
    ['Apollo-Require-Preflight', '1'],
    ['Content-Type', isJson ? 'application/json' : `multipart/form-data; boundary=${boundary}`],
    chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body.length)],
  ];
  if (random.oneIn(20)) headers.splice(1 + random.below(3), 1);
  if (random.oneIn(50)) headers.push(['Expect', '100-continue']);
  const head = Buffer.from(
    `POST /graphql HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  const framed = chunked ? inChunks(body, random) : body;
  if (!random.oneIn(12)) return { bytes: Buffer.concat([head, framed]), isFramed: true };
  return { bytes: Buffer.concat([mutateHead(head, random), framed]), isFramed: false };
}

function formFor(random: Random, courseId: string): Form {
  const image = random.pick([fixtures.png, fixtures.gif, fixtures.avif, fixtures.webp]);
  const both = random.oneIn(4);
  const operations = both
    ? { query: BOTH, variables: { id: courseId, file: null, intro: null } }
    : { query: THUMBNAIL, variables: { id: courseId, file: null } };
  const map = both ? { 0: ['variables.file'], 1: ['variables.intro'] } : { 0: ['variables.file'] };
  return {
    parts: [
      { headers: ['Content-Disposition: form-data; name="operations"'], body: Buffer.from(JSON.stringify(operations)) },
      { headers: ['Content-Disposition: form-data; name="map"'], body: Buffer.from(JSON.stringify(map)) },
      ...[image, ...(both ? [fixtures.intro] : [])].map((file, index) => ({
        headers: [
          `Content-Disposition: form-data; name="${String(index)}"; filename="${file.filename}"`,
          `Content-Type: ${file.contentType}`,
        ],
        body: file.bytes,
      })),
    ],
    before: Buffer.alloc(0),
    isClosed: true,
  };
}

function jsonFor(random: Random, courseId: string): Buffer {
  const query = random.pick(['{ viewer { id role } }', 'query ($id: ID!) { course(id: $id) { title thumbnailUrl } }']);
  return Buffer.from(JSON.stringify({ query, variables: { id: courseId } }));
}

function bytesOf({ parts, before, isClosed }: Form, boundary: string): Buffer {
  const pieces = parts.flatMap(({ headers, body }) => [
    Buffer.from(`\r\n--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1'),
    body,
  ]);
  return Buffer.concat([before, ...pieces, Buffer.from(isClosed ? `\r\n--${boundary}--\r\n` : '')]);
}

function inChunks(body: Buffer, random: Random): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const piece = body.subarray(at, at + 1 + random.below(body.length));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}
