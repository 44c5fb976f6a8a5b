import { fileTypeFromBuffer } from 'file-type';
import { LecternError } from '../../errors.js';
import type { SlotRules } from '../slots.js';
import { LineCheck, type ContentCheck } from './content-check.js';
import { PolyglotCheck } from './polyglot-check.js';
import { webVttCheck } from './web-vtt.js';

/** What a file is, by its first bytes. */
export interface ContentType {
  readonly contentType: string;
  readonly extension: string;
  /** What the rest of the bytes must pass, where the first ones do not tell enough. */
  readonly check?: ContentCheck;
}

/** Types that file-type names otherwise than they are stored and served. */
const STORED_AS: Readonly<Record<string, ContentType>> = {
  'video/x-m4v': { contentType: 'video/mp4', extension: 'mp4' },
  'video/x-matroska': { contentType: 'video/matroska', extension: 'mkv' },
  'image/apng': { contentType: 'image/png', extension: 'png' },
};

/**
 * How text begins that a browser or a shell would run: any tag, comment, declaration or processing instruction (HTML,
 * SVG, XML, PHP), and `#!`. Characters that show nothing may stand before it.
 */
const ACTIVE_TEXT = /^[\s\p{Cf}]*(<[a-z!?%/]|#!)/iu;
/** Characters that show nothing. */
const BLANK = /^[\s\p{Cf}]*$/u;
/** Control characters that no plain text has: all of C0 but tab, line feed, form feed and carriage return. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const BINARY = /[\u0000-\u0008\u000B\u000E-\u001F\u007F]/;

/** What file-type looks behind for a signature: an ID3 tag and a byte order mark. Nothing accepted begins with them. */
const SKIPPED_BY_FILE_TYPE = [Buffer.from('ID3', 'latin1'), Buffer.from('\ufeff', 'utf8')];

/** The type of a file by its first bytes. Throws EMPTY_FILE, and UNSUPPORTED_MEDIA_TYPE for what the slot does not take. */
export async function sniff(head: Buffer, rules: SlotRules): Promise<ContentType> {
  if (head.length === 0) throw new LecternError('EMPTY_FILE');
  const type = (await binaryType(head)) ?? textType(head, rules);
  if (type && rules.accepts.includes(type.contentType)) return type;
  const seen = type ? `The content is ${type.contentType}` : 'The content is of no known type';
  throw new LecternError('UNSUPPORTED_MEDIA_TYPE', `${seen}; accepted are ${rules.accepts.join(', ')}.`);
}

async function binaryType(head: Buffer): Promise<ContentType | undefined> {
  if (SKIPPED_BY_FILE_TYPE.some((prefix) => head.subarray(0, prefix.length).equals(prefix))) return undefined;
  const found = await fileTypeFromBuffer(head);
  // A subtitle is text to us: which it is, its header says, and its check.
  if (!found || found.mime === 'text/vtt') return undefined;
  const type = STORED_AS[found.mime] ?? { contentType: found.mime, extension: found.ext };
  return type.contentType === 'application/zip' ? type : { ...type, check: polyglotCheck(type.contentType) };
}

function polyglotCheck(contentType: string): ContentCheck {
  return new PolyglotCheck(contentType.startsWith('image/') ? 'pictures' : 'other');
}

/** Text has no signature: it is what the slot takes and its check lets through. */
function textType(head: Buffer, rules: SlotRules): ContentType | undefined {
  if (rules.accepts.includes('text/vtt')) return { contentType: 'text/vtt', extension: 'vtt', check: webVttCheck() };
  if (ACTIVE_TEXT.test(head.toString('utf8'))) return undefined;
  return { contentType: 'text/plain', extension: 'txt', check: plainTextCheck() };
}

function plainTextCheck(): ContentCheck {
  let begun = false;
  return new LineCheck((line) => {
    // The first bytes may all have been blank.
    const active = !begun && ACTIVE_TEXT.test(line);
    begun ||= !BLANK.test(line);
    if (active || BINARY.test(line)) {
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'The content is of no known type.');
    }
  });
}
