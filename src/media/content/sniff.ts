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

/** The type of a file by its first bytes. */
export interface ContentType {
  readonly contentType: string;
  readonly extension: string;
  /** Checks all bytes of the file, when the first ones are not enough. */
  readonly check?: ContentCheck;
  /** Converts the bytes to those that are stored. */
  readonly conversion?: ContentConversion;
}

/** Types that are stored and served under another name than the one `file-type` gives. */
const STORED_AS: Readonly<Record<string, ContentType>> = {
  'video/x-m4v': { contentType: 'video/mp4', extension: 'mp4' },
  'video/x-matroska': { contentType: 'video/matroska', extension: 'mkv' },
  'image/apng': { contentType: 'image/png', extension: 'png' },
  'audio/ogg; codecs=opus': { contentType: 'audio/ogg', extension: 'ogg' },
  'audio/x-flac': { contentType: 'audio/flac', extension: 'flac' },
};
/** Other sound in Ogg than Vorbis and Opus, by `file-type`'s extension. Not accepted: some browsers do not play it. */
const OTHER_OGG: Readonly<Record<string, string>> = { spx: 'audio/speex', oga: 'audio/ogg; codecs=flac' };
const EXTENSION_OF = {
  'video/mp4': 'mp4',
  'audio/mp4': 'm4a',
  'video/quicktime': 'mov',
  'image/avif': 'avif',
} as const;

/**
 * The beginning of text that a browser would run: a tag, comment, declaration or processing instruction (HTML, SVG,
 * XML, PHP), after any invisible characters.
 */
const ACTIVE_TEXT = /^[\s\p{Cf}]*<[a-z!?%/]/iu;
/** Text of invisible characters only. */
const BLANK = /^[\s\p{Cf}]*$/u;
/** Control characters that do not occur in text: all but tab, line feed, form feed and carriage return. */
// eslint-disable-next-line no-control-regex -- the expression searches for control characters
const BINARY = /[\u0000-\u0008\u000B\u000E-\u001F\u007F]/;

const NO_CLAIMS: Claims = { declaredType: '', filename: '' };
const ZIP = { contentType: 'application/zip', extension: 'zip' };
const BYTE_ORDER_MARK = Buffer.from('\ufeff', 'utf8');

/**
 * Returns the type of a file by its first bytes.
 * Rejects with EMPTY_FILE when there are none, and with UNSUPPORTED_MEDIA_TYPE when the slot does not accept the type.
 * @param claims Used only to tell which Open XML document an archive may be, when its first bytes do not show it.
 */
export async function sniff(head: Buffer, rules: SlotRules, claims: Claims = NO_CLAIMS): Promise<ContentType> {
  if (head.length === 0) throw new LecternError('EMPTY_FILE');
  if (rules.accepts.includes('text/vtt')) return captionsOrRefusal(head);
  const type = (await binaryType(head, claims)) ?? textType(head, rules);
  if (type !== 'markup' && rules.accepts.includes(type.contentType)) return type;
  const seen = type === 'markup' ? 'markup (HTML, SVG, XML, PHP)' : type.contentType;
  throw refusal(`The content is ${seen}; accepted are ${rules.accepts.join(', ')}.${zipAdvice(rules)}`);
}

/** Advice for files that a slot for documents refuses. Begins with a space. Empty for other slots. */
export function zipAdvice({ accepts }: SlotRules): string {
  return accepts.includes('application/zip') ? ' To offer the file as it is, put it in a ZIP archive.' : '';
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
  // Ignores answers of `file-type` for text: WebVTT, text in UTF-16 (it says MPEG audio), and text after an ID3 tag.
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

/** An archive is an office document if its content shows it, otherwise a plain ZIP. */
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

/** Text has no signature. What is not binary counts as text if it does not begin like markup and passes the check. */
function textType(head: Buffer, rules: SlotRules): ContentType | 'markup' {
  if (ACTIVE_TEXT.test(head.toString('utf8'))) return 'markup';
  return { contentType: 'text/plain', extension: 'txt', check: plainTextCheck(zipAdvice(rules)) };
}

function plainTextCheck(advice: string): ContentCheck {
  let begun = false;
  return new LineCheck((line) => {
    // `head` may have contained invisible characters only, so this looks for the first visible line.
    const active = !begun && ACTIVE_TEXT.test(line);
    begun ||= !BLANK.test(line);
    if (active) throw refusal(`The content is markup (HTML, SVG, XML, PHP).${advice}`);
    if (BINARY.test(line)) throw refusal(`The type of the content is not known.${advice}`);
  });
}

function refusal(message: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', message);
}
