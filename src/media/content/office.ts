import { constants, inflateRawSync } from 'node:zlib';
import type { ContentCheck } from './content-check.js';

const OPEN_XML = 'application/vnd.openxmlformats-officedocument.';
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.';

/** The documents of offices and books that are accepted, all of them ZIP archives, and their extensions. */
export const OFFICE_TYPES: Readonly<Record<string, string>> = {
  [`${OPEN_XML}wordprocessingml.document`]: 'docx',
  [`${OPEN_XML}presentationml.presentation`]: 'pptx',
  [`${OPEN_XML}spreadsheetml.sheet`]: 'xlsx',
  [`${OPEN_DOCUMENT}text`]: 'odt',
  [`${OPEN_DOCUMENT}presentation`]: 'odp',
  [`${OPEN_DOCUMENT}spreadsheet`]: 'ods',
  [`${OPEN_DOCUMENT}graphics`]: 'odg',
  'application/epub+zip': 'epub',
};

/** The head of an entry: its signature, its fields, then its name (APPNOTE.TXT, section 4.3.7). */
const ENTRY_SIGNATURE = 0x04034b50;
const ENTRY_BYTES = 30;
const METHOD_AT = 8;
const NAME_LENGTH_AT = 26;
const EXTRA_LENGTH_AT = 28;
const STORED = 0;

const CONTENT_TYPES = Buffer.from('[Content_Types].xml', 'latin1');
/** How much of that entry is held, in bytes, and how long it may be when inflated. */
const MAX_ENTRY_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 4 * 1024 ** 2;
/** The part that the document begins with: its type without `.main+xml` is that of the file (ECMA-376, part 2). */
const MAIN_PART = /ContentType\s*=\s*["'](application\/vnd\.[\w.-]+?)\.main\+xml["']/;

/**
 * The type of an office document or a book, by the first bytes of the archive. Undefined where they do not tell: of Open
 * XML the list of parts may stand anywhere, and OfficeCheck looks for it.
 */
export function officeTypeOf(head: Buffer): string | undefined {
  return typeOfFirstEntry(head) ?? typeOfParts(head.subarray(startOfParts(head) ?? head.length));
}

/** OpenDocument and EPUB: the first entry is called `mimetype`, holds the type and is not compressed. */
function typeOfFirstEntry(head: Buffer): string | undefined {
  if (!isEntry(head, 0) || nameOf(head) !== 'mimetype' || head.readUInt16LE(METHOD_AT) !== STORED) return undefined;
  const text = head.toString('latin1', dataAt(head), dataAt(head) + 100);
  return Object.keys(OFFICE_TYPES).find((type) => text.startsWith(`${type}PK`));
}

/** Where the entry with the list of parts begins. */
function startOfParts(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(CONTENT_TYPES); at >= 0; at = bytes.indexOf(CONTENT_TYPES, at + 1)) {
    if (isEntry(bytes, at - ENTRY_BYTES)) return at - ENTRY_BYTES;
  }
  return undefined;
}

/** The type that the list of parts states; `entry` begins with its head and may be cut off. */
function typeOfParts(entry: Buffer): string | undefined {
  if (entry.length < ENTRY_BYTES) return undefined;
  const data = entry.subarray(dataAt(entry));
  const type = MAIN_PART.exec(entry.readUInt16LE(METHOD_AT) === STORED ? data.toString('utf8') : inflated(data))?.[1];
  return type !== undefined && type in OFFICE_TYPES ? type : undefined;
}

function inflated(data: Buffer): string {
  try {
    // What is cut off is inflated as far as it goes.
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_TEXT_BYTES };
    return inflateRawSync(data, options).toString('utf8');
  } catch {
    return '';
  }
}

function isEntry(bytes: Buffer, at: number): boolean {
  return at >= 0 && at + ENTRY_BYTES <= bytes.length && bytes.readUInt32LE(at) === ENTRY_SIGNATURE;
}

function nameOf(entry: Buffer): string {
  return entry.toString('latin1', ENTRY_BYTES, ENTRY_BYTES + entry.readUInt16LE(NAME_LENGTH_AT));
}

function dataAt(entry: Buffer): number {
  return ENTRY_BYTES + entry.readUInt16LE(NAME_LENGTH_AT) + entry.readUInt16LE(EXTRA_LENGTH_AT);
}

/** Looks for the list of parts in an archive that is said to be an Open XML document, and refuses any other archive. */
export class OfficeCheck implements ContentCheck {
  /** The end of what came, until the list of parts begins in it; then the list. */
  private held = Buffer.alloc(0);
  private found = false;

  /** `refusal` is thrown when the archive is no document of type `expected`. */
  constructor(
    private readonly expected: string,
    private readonly refusal: Error,
  ) {}

  chunk(bytes: Uint8Array): void {
    if (this.found && this.held.length >= MAX_ENTRY_BYTES) return;
    this.held = Buffer.concat([this.held, bytes]);
    const start = this.found ? 0 : startOfParts(this.held);
    this.found = start !== undefined;
    const overlap = Math.max(0, this.held.length - ENTRY_BYTES - CONTENT_TYPES.length);
    this.held = this.held.subarray(start ?? overlap).subarray(0, MAX_ENTRY_BYTES);
  }

  end(): void {
    if (!this.found || typeOfParts(this.held) !== this.expected) throw this.refusal;
  }
}
