import { randomInt } from 'node:crypto';
import { create as contentDisposition } from 'content-disposition';

/** The longest file name that is stored, in bytes of UTF-8: the limit of file systems. */
const MAX_NAME_BYTES = 255;
/** The longest readable part of a key's last segment, in characters. */
const MAX_SLUG_LENGTH = 60;
/** How many random characters make a key unique: 36^8 is about 2.8 * 10^12. */
const RANDOM_LENGTH = 8;
const RANDOM_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Control characters, lone surrogates, and characters that reorder text (Unicode UAX #9) or are invisible (UAX #44,
 * Default_Ignorable_Code_Point).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/**
 * Characters that some file systems refuse or treat as separators. Also a percent sign that begins an escape: some
 * browsers decode it in a Content-Disposition header (RFC 6266, appendix D).
 */
const STRUCTURAL = /[<>:"/\\|?*]|%(?=[0-9a-f]{2})/gi;
/** White space of any length, which becomes one space: a long gap would push the extension out of sight. */
const GAP = /\s+/g;
/** Names that Windows reserves for devices, with any extension ("Naming Files, Paths, and Namespaces"). */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?=\s*(\.|$))/i;

/**
 * Makes a client's file name safe to show and to save as: the last path segment, in NFC, without invisible characters
 * and without those that reorder text, at most 255 bytes with its extension. Never used as a path.
 */
export function displayName(given: string): string {
  const segment = given.split(/[/\\]/).at(-1) ?? '';
  const visible = segment.replace(INVISIBLE, '').normalize('NFC').replace(GAP, ' ');
  const name = withoutEdges(visible.replace(STRUCTURAL, '_'));
  const safe = withoutEdges(shorten(RESERVED.test(name) ? `_${name}` : name));
  return safe === '' ? 'file' : safe;
}

/** Removes dots and white space at both ends: they hide files, or some file systems drop them. */
function withoutEdges(name: string): string {
  return name.replace(/^[.\s]+|[.\s]+$/g, '');
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const extension = /\.[\w-]{1,16}$/.exec(name)?.[0] ?? '';
  let stem = '';
  for (const character of name.slice(0, name.length - extension.length)) {
    if (Buffer.byteLength(stem + character + extension) > MAX_NAME_BYTES) break;
    stem += character;
  }
  return stem + extension;
}

/** The last segment of a new key: a readable form of the file name, random characters, the extension of the content. */
export function keyName(filename: string, extension: string): string {
  const slug = filename
    .replace(/\.[^.]*$/, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH)
    .replace(/^-+|-+$/g, '');
  return `${slug === '' ? 'file' : slug}-${randomName()}.${extension}`;
}

function randomName(): string {
  return Array.from({ length: RANDOM_LENGTH }, () => RANDOM_ALPHABET.charAt(randomInt(RANDOM_ALPHABET.length))).join(
    '',
  );
}

/** The Content-Disposition header of a file (RFC 6266; names outside Latin-1 are encoded by RFC 8187). */
export function dispositionHeader(type: 'inline' | 'attachment', filename: string): string {
  return contentDisposition(filename, { type });
}
