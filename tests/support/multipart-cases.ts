import type { ErrorCode } from '../../src/errors.js';
import { bigPng, fixtures } from './fixtures.js';
import {
  CASE_LIMITS,
  PNG,
  operationsFor,
  mapTo,
  OPERATIONS,
  MAP,
  form,
  textBody,
  disposition,
  partWith,
  rawHeaders,
  named,
  around,
  without,
  retyped,
  boundary,
  padded,
  operationsWithDeep,
  unconsumed,
  bigPart,
  bothFrom,
  encodedPart,
} from './multipart-forms.js';
import { fieldPart, fileOf, filePart, multipartBody, type Part, type RawBody } from './multipart.js';

const BIG = 200_000;

/** Requests that succeed, and the name of the file in the response. */
export const SERVED: readonly (readonly [what: string, body: () => RawBody, filename: string])[] = [
  ['a plain form', () => form(), 'image.png'],
  ['paths with the prefix of Apollo Sandbox', () => form({ map: mapTo('0.variables.file') }), 'image.png'],
  ['a name in Latin 1 characters', () => named('Übung.png'), 'Übung.png'],
  ['a name with characters outside Latin 1', () => named('你好.png'), '你好.png'],
  ['a name encoded in Latin 1', () => rawHeaders(disposition('; filename="caf\xe9.png"')), 'caf\ufffd.png'],
  [
    'a name encoded by RFC 5987',
    () => form({ files: [partWith(disposition(`; filename="x.png"; filename*=UTF-8''%E4%BD%A0.png`))] }),
    '你.png',
  ],
  ['a name with a quote', () => named('a\\"b.png'), 'a_b.png'],
  ['a name that is a path', () => named('../../etc/x.png'), 'x.png'],
  ['a name of 1,000 bytes', () => named(`${'n'.repeat(1_000)}.png`), `${'n'.repeat(251)}.png`],
  ['no name', () => form({ files: [partWith(disposition(''), 'Content-Type: application/octet-stream')] }), 'file'],
  [
    'an empty name',
    () => form({ files: [partWith(disposition('; filename=""'), 'Content-Type: application/octet-stream')] }),
    'file',
  ],
  ['no content type', () => form({ files: [partWith(disposition('; filename="a.png"'))] }), 'a.png'],
  [
    'an invalid content type',
    () => form({ files: [partWith(disposition('; filename="a.png"'), 'Content-Type: ;;;=')] }),
    'a.png',
  ],
  [
    'an explicit transfer encoding "Binary"',
    () => form({ files: [partWith(disposition('; filename="a.png"'), 'Content-Transfer-Encoding: Binary')] }),
    'a.png',
  ],
  ['headers in lower case', () => rawHeaders('content-disposition:form-data;name=0;filename=a.png'), 'a.png'],
  ['a folded header', () => rawHeaders('Content-Disposition: form-data;\r\n name="0"; filename="a.png"'), 'a.png'],
  ['a preamble and an epilogue', () => around(form(), 'Before\r\n', 'After\r\n'.repeat(1_000)), 'image.png'],
  ['no line end after the last boundary', () => without(form(), 2), 'image.png'],
  ['a quoted boundary', () => boundary('"a b?=:/(),"', 'a b?=:/(),'), 'image.png'],
  ['a boundary of 70 characters', () => boundary('b'.repeat(70), 'b'.repeat(70)), 'image.png'],
  [
    'a content type in another letter case',
    () => retyped(form(), (type) => type.replace('multipart/', 'Multipart/')),
    'image.png',
  ],
  [
    'a content type with an additional parameter',
    () => retyped(form(), (type) => `${type}; charset=utf-8`),
    'image.png',
  ],
  ['operations of exactly the allowed size', () => form({ operations: padded(CASE_LIMITS.fieldBytes) }), 'image.png'],
  [
    'more variables than the operation has',
    () => form({ operations: operationsFor({ file: null, x: 1 }) }),
    'image.png',
  ],
  [
    'a file that the map does not mention, before the other',
    () => form({ files: [filePart('9', bigPng(BIG)), PNG] }),
    'image.png',
  ],
  [
    'a file that the map does not mention, after the other',
    () => form({ files: [PNG, filePart('9', bigPng(BIG))] }),
    'image.png',
  ],
  ['a part without a name', () => form({ files: [filePart('', fixtures.png), PNG] }), 'image.png'],
  [
    'a part with another disposition',
    () => form({ files: [partWith('Content-Disposition: inline'), PNG] }),
    'image.png',
  ],
  ['a part without a disposition', () => form({ files: [partWith('Content-Type: image/png'), PNG] }), 'image.png'],
  ['a file that no field reads, before the other', () => unconsumed([filePart('1', fixtures.gif), PNG]), 'image.png'],
  ['a file that no field reads, after the other', () => unconsumed([PNG, filePart('1', bigPng(BIG))]), 'image.png'],
  ['a deeply nested value that no field reads', () => form({ operations: operationsWithDeep(20_000) }), 'image.png'],
];

/** A request that is refused, either as a whole or in the field that reads the file. */
export interface RefusedCase {
  readonly what: string;
  readonly body: () => RawBody;
  readonly code: ErrorCode;
  /** `request`: before the operation runs. `field`: as an error of the operation's field. */
  readonly of: 'request' | 'field';
  readonly headers?: Readonly<Record<string, string>>;
  readonly framing?: 'chunked';
  /** What the message says, where it has to tell clients what to change. */
  readonly message?: RegExp;
}

/** A file part without `filename=`, as some clients send it. */
const NAMELESS = partWith(disposition(''), 'Content-Type: image/png');

const cases: RefusedCase[] = [];
function request(what: string, body: () => RawBody, code: ErrorCode = 'BAD_REQUEST', more: Partial<RefusedCase> = {}) {
  cases.push({ what, body, code, of: 'request', ...more });
}
function field(what: string, body: () => RawBody, code: ErrorCode, more: Partial<RefusedCase> = {}) {
  cases.push({ what, body, code, of: 'field', ...more });
}

// --- Fields: missing, twice, out of order ---
request('no operations and no map', () => multipartBody([PNG]));
request('no operations', () => multipartBody([MAP, PNG]));
request('no map', () => multipartBody([OPERATIONS, PNG]));
request('map before operations', () => multipartBody([MAP, OPERATIONS, PNG]));
request('a file before map', () => multipartBody([OPERATIONS, PNG, MAP]));
request('a file before operations', () => multipartBody([PNG, OPERATIONS, MAP]));
request('only operations', () => multipartBody([OPERATIONS]));
request('only a map', () => multipartBody([MAP]));
request('operations twice', () => multipartBody([OPERATIONS, OPERATIONS, MAP, PNG]));
field('map twice', () => multipartBody([OPERATIONS, MAP, MAP, PNG]), 'BAD_REQUEST');
field('operations again after map', () => multipartBody([OPERATIONS, MAP, OPERATIONS, PNG]), 'BAD_REQUEST');
field('a field after the file', () => form({ files: [PNG, fieldPart('more', 'x')] }), 'BAD_REQUEST');
field('a file part without a file name', () => form({ files: [NAMELESS] }), 'BAD_REQUEST', {
  message: /the file "0" was expected\. .* it lacks a file name: append a File or a Blob/,
});
field(
  'the text of an object in place of a file',
  () => form({ files: [fieldPart('0', '[object Object]')] }),
  'BAD_REQUEST',
  {
    message: /the file "0" was expected/,
  },
);
request(
  'a file without a file name before operations',
  () => multipartBody([NAMELESS, OPERATIONS, MAP]),
  'BAD_REQUEST',
  {
    message: /has a field "0" .* lacks a file name/,
  },
);
for (const name of ['operations', 'map']) {
  const blob = (value: string): Part => filePart(name, fileOf(value, 'blob', 'application/json'));
  const parts = name === 'map' ? [OPERATIONS, blob(mapTo('variables.file'))] : [blob(operationsFor()), MAP];
  request(`${name} as a Blob`, () => multipartBody([...parts, PNG]), 'BAD_REQUEST', {
    message: new RegExp(`\\b${name}\\b.* as a file \\(a Blob\\)\\. Append it as text`),
  });
}
request(
  'an object that was converted to text as operations',
  () => form({ operations: '[object Object]' }),
  'BAD_REQUEST',
  {
    message: /"\[object Object\]" as `operations`\. Append JSON\.stringify/,
  },
);
request('a Map that was converted to text as map', () => form({ map: '[object Map]' }), 'BAD_REQUEST', {
  message: /"\[object Map\]" as `map`/,
});
request('truncated operations', () => form({ operations: '{"query":' }), 'BAD_REQUEST', {
  message: /`operations` that is not valid JSON \(line 1, column 10\)/,
});
request('another field before operations', () => multipartBody([fieldPart('csrf', 'x'), OPERATIONS, MAP, PNG]));
request('operations without a name', () =>
  multipartBody([{ ...OPERATIONS, headers: ['Content-Disposition: form-data'] }, MAP, PNG]),
);

// --- operations ---
for (const [what, value] of [
  ['invalid JSON', '{ x'],
  ['empty text', ''],
  ['null', 'null'],
  ['a boolean', 'true'],
  ['a number', '1'],
  ['a string', '"x"'],
  ['Base64', Buffer.from(operationsFor()).toString('base64')],
  ['a list', `[${operationsFor()}]`],
  ['a list of two operations', `[${operationsFor()},${operationsFor()}]`],
  ['an empty list', '[]'],
] as const) {
  request(`operations with ${what}`, () => form({ operations: value, map: mapTo('0.variables.file') }));
}
request('operations without a query', () => form({ operations: '{"variables":{"file":null}}' }));
request('a query that is not text', () => form({ operations: '{"query":1,"variables":{"file":null}}' }));
request('a list as variables', () => form({ operations: operationsFor([null]), map: mapTo('variables.0') }));
request('a string as variables', () => form({ operations: operationsFor('x'), map: '{}', files: [] }));
request('operations above the size limit', () => form({ operations: padded(CASE_LIMITS.fieldBytes + 1) }));
request('operations far above the size limit', () => form({ operations: padded(CASE_LIMITS.fieldBytes * 6) }));

// --- map ---
for (const [what, value] of [
  ['invalid JSON', '{ x'],
  ['empty text', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['a boolean', 'true'],
  ['a string', '"x"'],
  ['null for a file', '{"0":null}'],
  ['a string for a file', '{"0":"variables.file"}'],
  ['an object for a file', '{"0":{"0":"variables.file"}}'],
  ['null as a path', '{"0":[null]}'],
  ['a number as a path', '{"0":[1]}'],
  ['a list as a path', '{"0":[["variables.file"]]}'],
  ['an object as a path', '{"0":[{"toString":"variables.file"}]}'],
  ['the same path for two files', '{"0":["variables.file"],"1":["variables.file"]}'],
] as const) {
  request(`map with ${what}`, () => form({ map: value }));
}
request('a map above the size limit', () =>
  form({ map: `${mapTo('variables.file')}${' '.repeat(CASE_LIMITS.fieldBytes)}` }),
);

// --- Paths ---
const HOSTILE_PATHS = [
  ...[
    '',
    ' ',
    '.',
    'query',
    'file',
    'variables',
    'variables.',
    'variables..file',
    'variables.other',
    'variables.file.0',
  ],
  ...['variables.text', 'variables.text.length', 'variables.list.1', 'variables.list.00', 'variables.list.-1'],
  ...['4294967294', '4294967295', '4294967296', '1e9', 'length', 'push', '__proto__'].map(
    (key) => `variables.list.${key}`,
  ),
  ...['__proto__', 'constructor', 'prototype', 'constructor.prototype.x', '__proto__.x', '__proto__.__proto__'],
  ...['__proto__', '__proto__.x', '__proto__.__proto__', 'constructor', 'constructor.prototype', 'toString.call'].map(
    (key) => `variables.${key}`,
  ),
  ...[
    '0.variables.text',
    '0.variables.__proto__.x',
    '0.variables.toString.call',
    '0.variables',
    '0.query',
    '0.0.variables.file',
  ],
  ...[
    '00.variables.file',
    '-1.variables.file',
    '4294967296.variables.file',
    '__proto__.variables.file',
    'x.variables.file',
  ],
  ...['hasOwnProperty.call', 'valueOf.apply', 'list.push.x', 'text.at.call'].map((key) => `variables.${key}`),
  `variables${'.a'.repeat(50)}`,
];
for (const path of HOSTILE_PATHS) {
  request(`the path "${path}"`, () =>
    form({ operations: operationsFor({ file: null, text: 'x', list: [null] }), map: mapTo(path) }),
  );
}
request(
  'one file for several variables',
  () => bothFrom(JSON.stringify({ 0: ['variables.a', 'variables.b'] }), [PNG]),
  'BAD_USER_INPUT',
);

// --- Files ---
request('more files than allowed', () => form({ map: mapTo('variables.file', 'a', 'b', 'c') }), 'TOO_MANY_FILES');
field(
  'more parts than allowed',
  () => form({ files: [...['7', '8', '9'].map((name) => filePart(name, fixtures.png)), PNG] }),
  'TOO_MANY_FILES',
);
field('a missing file', () => form({ files: [] }), 'BAD_REQUEST');
field(
  'the first of two files is missing, and the second is held back',
  () => bothFrom(mapTo('variables.a', 'variables.b'), [filePart('1', fixtures.png)]),
  'BAD_REQUEST',
);
field('a file under another field name', () => form({ files: [filePart('1', fixtures.png)] }), 'BAD_REQUEST');
field('text in place of a file', () => form({ files: [fieldPart('0', 'text')] }), 'BAD_REQUEST');
field(
  'the same file twice, before another one',
  () => bothFrom(mapTo('variables.a', 'variables.b'), [bigPart('0'), bigPart('0'), bigPart('1')]),
  'BAD_REQUEST',
);
field('the file twice', () => form({ files: [PNG, PNG] }), 'BAD_REQUEST');
field(
  'a large file that no field reads, before the other',
  () => unconsumed([filePart('1', bigPng(BIG)), PNG]),
  'BAD_REQUEST',
);
field(
  'a file that no field reads and that just fills the buffer, before the other',
  () => unconsumed([filePart('1', bigPng(70_000)), PNG]),
  'BAD_REQUEST',
);
field(
  'two fields with their files in reverse order',
  () => bothFrom(mapTo('variables.a', 'variables.b'), [bigPart('1'), bigPart('0')]),
  'BAD_REQUEST',
);
field(
  'a file above the size limit',
  () => form({ files: [filePart('0', bigPng(CASE_LIMITS.fileBytes + 1))] }),
  'FILE_TOO_LARGE',
);
field('an empty file', () => form({ files: [filePart('0', fileOf('', 'a.png', 'image/png'))] }), 'EMPTY_FILE');
field('a file encoded in Base64', () => encodedPart('base64'), 'BAD_REQUEST');
field('a file encoded as quoted-printable', () => encodedPart('quoted-printable'), 'BAD_REQUEST');
field(
  'a request above the size limit without Content-Length',
  () => form({ files: [filePart('9', bigPng(9 * 1024 ** 2)), PNG] }),
  'FILE_TOO_LARGE',
  { framing: 'chunked' },
);
request(
  'a request above the size limit with Content-Length',
  () => form({ files: [filePart('9', bigPng(9 * 1024 ** 2)), PNG] }),
  'FILE_TOO_LARGE',
);

// --- The body as a whole ---
request('an empty body', () => textBody(''));
request('an empty chunked body', () => textBody(''), 'BAD_REQUEST', { framing: 'chunked' });
request('a body that is not a form', () => textBody('{"query":"{ viewer { id } }"}'));
request('only line ends', () => textBody('\r\n'.repeat(1_000)));
request('only the last boundary', () => textBody('--x--\r\n'));
request('only a preamble', () => textBody('x'.repeat(3_000_000)));
request('a boundary that does not occur in the body', () =>
  retyped(form(), () => 'multipart/form-data; boundary=other'),
);
request('no boundary', () => retyped(form(), () => 'multipart/form-data'));
request('an empty boundary', () => retyped(form(), () => 'multipart/form-data; boundary='));
request('an empty quoted boundary', () => retyped(form(), () => 'multipart/form-data; boundary=""'));
request('a boundary of 71 characters', () => boundary('b'.repeat(71), 'b'.repeat(71)));
request('line ends of only LF', () =>
  textBody(`--x\nContent-Disposition: form-data; name="operations"\n\n${operationsFor()}\n--x--\n`),
);
request('a compressed body', () => form(), 'UNSUPPORTED_MEDIA_TYPE', { headers: { 'content-encoding': 'gzip' } });
request(
  'another multipart type',
  () => retyped(form(), (type) => type.replace('form-data', 'mixed')),
  'UNSUPPORTED_MEDIA_TYPE',
);

// --- Part headers: each of these once crashed the process ---
for (const [what, headers] of [
  ['a header without a colon', 'Content-Disposition'],
  ['a header without a name', ': form-data; name="0"'],
  ['a header with a space in its name', 'Content Disposition: form-data; name="0"'],
  ['a NUL in a header', `${disposition('')}\0`],
  ['a header of 20 KB', `${disposition('')}\r\nX-Long: ${'x'.repeat(20_000)}`],
  ['a header name of 20 KB', `${disposition('')}\r\n${'x'.repeat(20_000)}: x`],
  ['a lone CR in a header', `${disposition('')}\rX: y`],
  ['binary data in place of headers', '\x00\x01\x02\xff'],
] as const) {
  field(what, () => rawHeaders(headers), 'BAD_REQUEST');
  request(`${what}, in the first part`, () => textBody(`--x\r\n${headers}\r\n\r\nx\r\n--x--\r\n`));
}

export const REFUSED: readonly RefusedCase[] = cases;
