import { fileTypeFromBuffer } from 'file-type';
import { LecternError } from '../../errors.js';
import type { SlotRules } from '../slots.js';
import { captionConversion } from './captions.js';
import { checkClaims, claimedOfficeType, type Claims } from './claims.js';
import { LineCheck, type ContentCheck, type ContentConversion } from './content-check.js';
import { typeOfBrands } from './ftyp.js';
import { id3Bytes, isMp3 } from './mpeg-audio.js';
import { OFFICE_TYPES, OfficeCheck, officeTypeOf } from './office.js';
import { PolyglotCheck } from './polyglot-check.js';

/** What a file is, by its first bytes. */
export interface ContentType {
  readonly contentType: string;
  readonly extension: string;
  /** What the rest of the bytes must pass, where the first ones do not tell enough. */
  readonly check?: ContentCheck;
  /** What is stored in the place of the bytes that come. */
  readonly conversion?: ContentConversion;
}

/** Types that file-type names otherwise than they are stored and served. */
const STORED_AS: Readonly<Record<string, ContentType>> = {
  'video/x-m4v': { contentType: 'video/mp4', extension: 'mp4' },
  'video/x-matroska': { contentType: 'video/matroska', extension: 'mkv' },
  'image/apng': { contentType: 'image/png', extension: 'png' },
  'audio/ogg; codecs=opus': { contentType: 'audio/ogg', extension: 'ogg' },
  'audio/x-flac': { contentType: 'audio/flac', extension: 'flac' },
};
/** The extensions by which file-type tells other sound in Ogg from Vorbis: browsers do not play it everywhere. */
const OTHER_OGG: Readonly<Record<string, string>> = { spx: 'audio/speex', oga: 'audio/ogg; codecs=flac' };
const EXTENSION_OF = {
  'video/mp4': 'mp4',
  'audio/mp4': 'm4a',
  'video/quicktime': 'mov',
  'image/avif': 'avif',
} as const;

/**
 * How text begins that a browser would run: any tag, comment, declaration or processing instruction (HTML, SVG, XML,
 * PHP). Characters that show nothing may stand before it.
 */
const ACTIVE_TEXT = /^[\s\p{Cf}]*<[a-z!?%/]/iu;
/** Characters that show nothing. */
const BLANK = /^[\s\p{Cf}]*$/u;
/** Control characters that no plain text has: all of C0 but tab, line feed, form feed and carriage return. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const BINARY = /[\u0000-\u0008\u000B\u000E-\u001F\u007F]/;

const NO_CLAIMS: Claims = { declaredType: '', filename: '' };
const ZIP = { contentType: 'application/zip', extension: 'zip' };
const BYTE_ORDER_MARK = Buffer.from('\ufeff', 'utf8');

/**
 * The type of a file by its first bytes. What the client claims decides only which Open XML document an archive is checked
 * to be. Throws EMPTY_FILE, and UNSUPPORTED_MEDIA_TYPE for what the slot does not accept.
 */
export async function sniff(head: Buffer, rules: SlotRules, claims: Claims = NO_CLAIMS): Promise<ContentType> {
  if (head.length === 0) throw new LecternError('EMPTY_FILE');
  if (rules.accepts.includes('text/vtt')) return captionsOrRefusal(head);
  const type = (await binaryType(head, claims)) ?? textType(head, rules);
  if (type !== 'markup' && rules.accepts.includes(type.contentType)) return type;
  const seen = type === 'markup' ? 'markup (HTML, SVG, XML, PHP)' : type.contentType;
  throw refusal(`The content is ${seen}; accepted are ${rules.accepts.join(', ')}.${zipAdvice(rules)}`);
}

/** What to do with a file that a slot for documents does not accept. Begins with a blank, or is empty. */
export function zipAdvice({ accepts }: SlotRules): string {
  return accepts.includes('application/zip') ? ' To hand it out as it is, put it in a ZIP archive.' : '';
}

async function captionsOrRefusal(head: Buffer): Promise<ContentType> {
  const conversion = captionConversion(head);
  if (conversion) return { contentType: 'text/vtt', extension: 'vtt', conversion };
  const found = await fileTypeFromBuffer(head);
  const seen =
    found?.mime.startsWith('image/') || found?.mime.startsWith('video/') ? ` The content is ${found.mime}.` : '';
  throw refusal(`The captions are neither WebVTT nor SubRip.${seen}`);
}

async function binaryType(head: Buffer, claims: Claims): Promise<ContentType | undefined> {
  if (isMp3(head)) return { contentType: 'audio/mpeg', extension: 'mp3', check: new PolyglotCheck('other') };
  if (head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) return undefined;
  const byBrands = typeOfBrands(head);
  if (byBrands) return withCheck({ contentType: byBrands, extension: EXTENSION_OF[byBrands] });
  const found = await fileTypeFromBuffer(head);
  // WebVTT is text here. file-type looks behind an ID3 tag, and takes text in UTF-16 for MPEG audio.
  if (!found || found.mime === 'text/vtt' || found.mime === 'audio/mpeg' || id3Bytes(head) > 0) return undefined;
  if (isArchiveOfOffice(found.mime)) return archiveType(head, claims);
  const contentType = found.mime.startsWith('audio/ogg') ? (OTHER_OGG[found.ext] ?? found.mime) : found.mime;
  return withCheck(STORED_AS[contentType] ?? { contentType, extension: found.ext });
}

function withCheck(type: ContentType): ContentType {
  return { ...type, check: new PolyglotCheck(type.contentType.startsWith('image/') ? 'pictures' : 'other') };
}

function isArchiveOfOffice(type: string): boolean {
  return type === ZIP.contentType || type in OFFICE_TYPES;
}

/** An archive is an office document by what is in it, and a mere ZIP otherwise. */
function archiveType(head: Buffer, claims: Claims): ContentType {
  const seen = officeTypeOf(head);
  if (seen !== undefined) return { contentType: seen, extension: OFFICE_TYPES[seen] ?? 'zip' };
  const claimed = claimedOfficeType(claims);
  if (claimed?.includes('openxml') !== true) return ZIP;
  const check = new OfficeCheck(claimed, contradictionOf(ZIP.contentType, claims));
  return { contentType: claimed, extension: OFFICE_TYPES[claimed] ?? 'zip', check };
}

function contradictionOf(contentType: string, claims: Claims): LecternError {
  try {
    checkClaims(contentType, claims);
  } catch (error) {
    if (error instanceof LecternError) return error;
  }
  return refusal('The archive is not the document that it claims to be.');
}

/** Text has no signature: it is what begins as text and passes its check. */
function textType(head: Buffer, rules: SlotRules): ContentType | 'markup' {
  if (ACTIVE_TEXT.test(head.toString('utf8'))) return 'markup';
  return { contentType: 'text/plain', extension: 'txt', check: plainTextCheck(zipAdvice(rules)) };
}

function plainTextCheck(advice: string): ContentCheck {
  let begun = false;
  return new LineCheck((line) => {
    // The first bytes may all have been blank.
    const active = !begun && ACTIVE_TEXT.test(line);
    begun ||= !BLANK.test(line);
    if (active) throw refusal(`The content is markup (HTML, SVG, XML, PHP).${advice}`);
    if (BINARY.test(line)) throw refusal(`The content is of no known type.${advice}`);
  });
}

function refusal(message: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', message);
}
