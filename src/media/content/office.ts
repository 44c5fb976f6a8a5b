import { constants, inflateRawSync } from 'node:zlib';
import type { ContentCheck } from './content-check.js';

const OPEN_XML = 'application/vnd.openxmlformats-officedocument.';
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.';

/** The accepted types of office documents and e-books and their extensions. All are ZIP archives. */
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

/** The local file header of a ZIP entry: signature, positions of its fields, length (APPNOTE.TXT, section 4.3.7). */
const ENTRY_SIGNATURE = 0x04034b50;
const ENTRY_BYTES = 30;
const METHOD_AT = 8;
const NAME_LENGTH_AT = 26;
const EXTRA_LENGTH_AT = 28;
const STORED = 0;

const CONTENT_TYPES = Buffer.from('[Content_Types].xml', 'latin1');
/** How much of that entry is kept, and how much of its inflated text is read, in bytes. */
const MAX_ENTRY_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 4 * 1024 ** 2;
/** The main part of a document. Its type without `.main+xml` is the type of the file (ECMA-376, part 2). */
const MAIN_PART = /ContentType\s*=\s*["'](application\/vnd\.[\w.-]+?)\.main\+xml["']/;

/**
 * Returns the type of an office document or e-book by the first bytes of the archive.
 * Returns undefined when they do not show it. The list of parts of an Open XML document may be anywhere in the archive;
 * OfficeCheck searches for it.
 */
export function officeTypeOf(head: Buffer): string | undefined {
  return typeOfFirstEntry(head) ?? typeOfParts(head.subarray(startOfParts(head) ?? head.length));
}

/** In OpenDocument and EPUB files the first entry is named `mimetype`, contains the type and is not compressed. */
function typeOfFirstEntry(head: Buffer): string | undefined {
  if (!isEntry(head, 0) || nameOf(head) !== 'mimetype' || head.readUInt16LE(METHOD_AT) !== STORED) return undefined;
  const text = head.toString('latin1', dataAt(head), dataAt(head) + 100);
  return Object.keys(OFFICE_TYPES).find((type) => text.startsWith(`${type}PK`));
}

/** The position of the entry with the list of parts. Returns undefined when it is not in `bytes`. */
function startOfParts(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(CONTENT_TYPES); at >= 0; at = bytes.indexOf(CONTENT_TYPES, at + 1)) {
    if (isEntry(bytes, at - ENTRY_BYTES)) return at - ENTRY_BYTES;
  }
  return undefined;
}

/**
 * The document type that the list of parts states.
 * @param entry The ZIP entry of the list, from its header on. May be truncated.
 */
function typeOfParts(entry: Buffer): string | undefined {
  if (entry.length < ENTRY_BYTES) return undefined;
  const data = entry.subarray(dataAt(entry));
  const type = MAIN_PART.exec(entry.readUInt16LE(METHOD_AT) === STORED ? data.toString('utf8') : inflated(data))?.[1];
  return type !== undefined && type in OFFICE_TYPES ? type : undefined;
}

function inflated(data: Buffer): string {
  try {
    // Truncated data is inflated as far as possible.
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

/** Searches an archive that claims to be an Open XML document for the list of parts. Refuses any other archive. */
export class OfficeCheck implements ContentCheck {
  /** Before the list of parts is found: the last bytes. After that: the list. */
  private held = Buffer.alloc(0);
  private found = false;

  /** @param refusal Thrown when the archive is not a document of type `expected`. */
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
