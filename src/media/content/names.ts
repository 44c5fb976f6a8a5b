import { randomInt } from 'node:crypto';
import { create as contentDisposition } from 'content-disposition';

/** The longest file name that is kept, in bytes of UTF-8: what file systems take. */
const MAX_NAME_BYTES = 255;
/** The longest readable part of a key's name, in characters. */
const MAX_SLUG_LENGTH = 60;
/** Random characters that make a key unique: 36^8, about 2.8 * 10^12. */
const RANDOM_LENGTH = 8;
const RANDOM_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * C0 and C1 controls, lone surrogates, and what reorders or hides text: format characters (Unicode UAX #9) and those that
 * are shown as nothing (UAX #44, Default_Ignorable_Code_Point).
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/**
 * Characters that some file system refuses or reads as structure, and the percent sign where it could be read as an
 * escape: some browsers decode it in a Content-Disposition (RFC 6266, appendix D).
 */
const STRUCTURAL = /[<>:"/\\|?*]|%(?=[0-9a-f]{2})/gi;
/** Any white space, in any number: a long gap pushes the extension out of sight. */
const GAP = /\s+/g;
/** Names that Windows keeps for devices, whatever their extension ("Naming Files, Paths, and Namespaces"). */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?=\s*(\.|$))/i;

/**
 * A client's file name made safe to show and to save as: the last path segment, in NFC, without characters that hide
 * or reorder, at most 255 bytes with its extension kept. Never used as a path.
 */
export function displayName(given: string): string {
  const segment = given.split(/[/\\]/).at(-1) ?? '';
  const visible = segment.replace(INVISIBLE, '').normalize('NFC').replace(GAP, ' ');
  const name = withoutEdges(visible.replace(STRUCTURAL, '_'));
  const safe = withoutEdges(shorten(RESERVED.test(name) ? `_${name}` : name));
  return safe === '' ? 'file' : safe;
}

/** Dots and white space at the ends hide files or are dropped by some file system. */
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

/** The last segment of a new key: a readable slug, random characters that make it unique, the true extension. */
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

/** The Content-Disposition header for a file (RFC 6266, names beyond Latin-1 by RFC 8187). */
export function dispositionHeader(type: 'inline' | 'attachment', filename: string): string {
  return contentDisposition(filename, { type });
}
