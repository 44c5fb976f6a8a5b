import type { Random } from './random.js';

export interface FormPart {
  headers: string[];
  body: Buffer;
}

export interface Form {
  parts: FormPart[];
  /** What stands before the first boundary. */
  before: Buffer;
  /** Ends with the last boundary. */
  isClosed: boolean;
}

/** Pieces that mean something to some parser on the way. */
const TELLING = [
  ...[
    '\r\n',
    '\r',
    '\n',
    '\0',
    '--',
    '"',
    '\\',
    ';',
    ':',
    '=',
    '%',
    '{',
    '}',
    '[',
    ']',
    ',',
    '.',
    'null',
    '$ne',
    '\u202e',
  ],
  ...[
    '\r\n--lectern-fuzz',
    '\r\n--lectern-fuzz--',
    '--lectern-fuzz\r\n',
    '\r\n\r\n',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '4294967295',
    '-1',
    '1e999',
    '\ud83d',
    '\xff\xfe',
    'variables.',
    'filename=',
    "filename*=UTF-8''%",
    '<svg',
    '<!doctype',
  ],
];

const PATHS = [
  ...['variables.file', 'variables.intro', 'variables.id', 'variables', 'query', '', '.', 'variables.file.0'],
  ...['variables.__proto__.x', 'variables.constructor.prototype.x', 'variables.hasOwnProperty.call', '__proto__.x'],
  ...['variables.toString.call', 'variables.file.4294967294', 'variables.4294967295', '0.variables.file'],
];

const HEADERS = [
  ...[
    'Content-Disposition: form-data',
    'Content-Disposition: attachment; filename=x',
    'Content-Disposition: form-data; name=',
  ],
  ...[
    'Content-Transfer-Encoding: base64',
    'Content-Type: text/html',
    'Content-Type: application/octet-stream',
    'Content-Type:',
  ],
  ...[
    `X-Long: ${'x'.repeat(17_000)}`,
    ': nameless',
    'No colon',
    'Bad Name: x',
    'X: \x01',
    `Content-Type: ${'a/b;'.repeat(500)}`,
  ],
  ...[
    'content-disposition: form-data; name="0"; filename*=UTF-8\'\'%ff%fe',
    'Content-Type: text/plain; charset=utf-16le',
  ],
];

const VALUES: readonly unknown[] = [null, true, 0, -1, 1e308, '', 'x', [], {}, [null], { file: null }, '__proto__'];

/** Changes what a form is made of: its parts, their order, their headers, the JSON in its fields. */
export function mutateForm(form: Form, random: Random): void {
  for (let changes = 1 + random.below(3); changes > 0; changes--) random.pick(FORM_MUTATIONS)(form, random);
}

const FORM_MUTATIONS: readonly ((form: Form, random: Random) => void)[] = [
  ({ parts }, random) => parts.splice(random.below(parts.length), 1),
  ({ parts }, random) => {
    if (parts.length > 0) parts.splice(random.below(parts.length + 1), 0, random.pick(parts));
  },
  ({ parts }, random) => {
    const [part] = parts.splice(random.below(parts.length), 1);
    if (part) parts.splice(random.below(parts.length + 1), 0, part);
  },
  ({ parts }, random) => onOne(parts, random, (part) => part.headers.push(random.pick(HEADERS))),
  ({ parts }, random) => onOne(parts, random, (part) => part.headers.splice(random.below(part.headers.length), 1)),
  ({ parts }, random) => onOne(parts, random, (part) => (part.headers = [random.pick(HEADERS)])),
  ({ parts }, random) => onOne(parts, random, (part) => renamed(part, random)),
  ({ parts }, random) => onOne(parts, random, (part) => (part.body = random.bytes(random.below(3_000)))),
  ({ parts }, random) =>
    onOne(parts, random, (part) => (part.body = part.body.subarray(0, random.below(part.body.length)))),
  ({ parts }, random) => onOne(parts, random, (part) => (part.body = grown(part.body, random))),
  (form, random) => inJson(form, 'map', random, (map) => (map[random.pick(['0', '1', '9'])] = pathsFor(random))),
  (form, random) => inJson(form, 'map', random, (map) => (map['0'] = random.pick(VALUES))),
  (form, random) =>
    inJson(form, 'operations', random, (op) => (op[random.pick(['query', 'variables', 'x'])] = random.pick(VALUES))),
  (form, random) => inJson(form, 'operations', random, (op) => (op['variables'] = deep(random.below(5_000)))),
  (form) => (form.isClosed = false),
  (form, random) => (form.before = random.bytes(random.below(200))),
];

function onOne(parts: readonly FormPart[], random: Random, change: (part: FormPart) => unknown): void {
  if (parts.length > 0) change(random.pick(parts));
}

function renamed(part: FormPart, random: Random): void {
  const name = random.pick(['0', '1', '2', 'map', 'operations', '', '__proto__', 'x'.repeat(5_000)]);
  part.headers = part.headers.map((header) => header.replace(/name="[^"]*"/, `name="${name}"`));
}

/** Longer than what is held on the way without a reader. */
function grown(body: Buffer, random: Random): Buffer {
  return Buffer.concat([body, Buffer.alloc(random.below(random.oneIn(10) ? 300_000 : 20_000))]);
}

function pathsFor(random: Random): unknown {
  return Array.from({ length: random.below(3) }, () => random.pick(PATHS));
}

function deep(levels: number): unknown {
  let value: unknown = null;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

function inJson(form: Form, name: string, random: Random, change: (value: Record<string, unknown>) => unknown): void {
  const part = form.parts.find(({ headers }) => headers[0]?.includes(`name="${name}"`));
  if (!part) return;
  try {
    const value = JSON.parse(part.body.toString()) as Record<string, unknown>;
    change(value);
    part.body = Buffer.from(JSON.stringify(value));
  } catch {
    // Changed before into what is no object any more.
    part.body = mutateBytes(part.body, random);
  }
}

/** Changes some bytes, wherever they are: flips, cuts, doubles, puts in. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed = bytes;
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    // Mostly where the structure is, seldom within the bytes of a file.
    const at = random.below(random.oneIn(8) ? changed.length : Math.min(changed.length, 900));
    const before = changed.subarray(0, at);
    const behind = changed.subarray(at);
    const length = random.below(random.oneIn(4) ? behind.length : 16);
    switch (random.below(6)) {
      case 0:
        changed = Buffer.concat([before, random.bytes(1 + random.below(4)), behind.subarray(1)]);
        break;
      case 1:
        changed = Buffer.concat([before, behind.subarray(length)]);
        break;
      case 2:
        changed = Buffer.concat([before, behind.subarray(0, length), behind]);
        break;
      case 3:
        changed = Buffer.concat([before, Buffer.from(random.pick(TELLING), 'latin1'), behind]);
        break;
      case 4:
        changed = Buffer.concat([before, random.bytes(random.below(64)), behind]);
        break;
      default:
        if (random.oneIn(3)) changed = before;
    }
  }
  return changed;
}

/** The head of a request changed so that it may be none any more. The line behind it stays. */
export function mutateHead(head: Buffer, random: Random): Buffer {
  return Buffer.concat([mutateBytes(head.subarray(0, -4), random), Buffer.from('\r\n\r\n')]);
}
