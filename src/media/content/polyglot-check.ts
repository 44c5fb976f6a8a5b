import { LecternError } from '../../errors.js';
import type { ContentCheck } from './content-check.js';

/** How a page, a script or an archive begins. Each is long enough that no picture has it by chance. */
const FOREIGN_BEGINNINGS = new RegExp(
  [
    // Pages and scripts. No <?xml and no other <!doctype: Photoshop writes both into the pictures that it saves.
    String.raw`<(?:!doctype\s+html|(?:html|head|body|script|iframe|object|embed)[\s/>])`,
    String.raw`<svg[\s/]{1,4}[\w:-]{2,12}\s?=`,
    String.raw`<\?php\s`,
    // A GIF whose width, 10,799 pixels, opens a comment of JavaScript.
    String.raw`^GIF8[79]a=?/\*`,
    // A PHP archive, RAR and 7-Zip: their readers look for these anywhere in the file.
    '__HALT_COMPILER',
    String.raw`Rar!\x1A\x07`,
    String.raw`7z\xBC\xAF\x27\x1C`,
  ].join('|'),
  'i',
);
/** More than the longest of them is long: so much is looked at again with the next chunk, in bytes. */
const OVERLAP_BYTES = 32;

/** The record that ends a ZIP archive, and the longest comment behind it, in bytes (APPNOTE.TXT 4.3.16). */
const ZIP_END = Buffer.from('PK\x05\x06', 'latin1');
const ZIP_END_BYTES = 22;
const TAIL_BYTES = ZIP_END_BYTES + 0xffff;

/**
 * Refuses a file that is something else as well: an archive behind any content, a page or a script in a picture.
 * Readers of archives start from the end, so a picture with an archive behind it is both.
 */
export class PolyglotCheck implements ContentCheck {
  private overlap = '';
  private readonly tail: Uint8Array[] = [];
  private tailBytes = 0;

  /** `pictures` are looked through to the last byte; of other files only the end is looked at. */
  constructor(private readonly contents: 'pictures' | 'other') {}

  chunk(bytes: Uint8Array): void {
    if (this.contents === 'pictures') {
      const text = this.overlap + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      if (FOREIGN_BEGINNINGS.test(text)) throw refusal('a page, a script or an archive');
      this.overlap = text.slice(-OVERLAP_BYTES);
    }
    this.tail.push(bytes);
    this.tailBytes += bytes.length;
    while (this.tailBytes - (this.tail[0]?.length ?? 0) >= TAIL_BYTES) this.tailBytes -= this.tail.shift()?.length ?? 0;
  }

  end(): void {
    const tail = Buffer.concat(this.tail).subarray(-TAIL_BYTES);
    for (let at = tail.indexOf(ZIP_END); at >= 0; at = tail.indexOf(ZIP_END, at + 1)) {
      if (isZipEnd(tail.subarray(at))) throw refusal('a ZIP archive');
    }
  }
}

/** Whether the record can be one: of an archive in one piece, with a comment that the file has room for. */
function isZipEnd(record: Buffer): boolean {
  if (record.length < ZIP_END_BYTES || record.readUInt32LE(4) !== 0) return false;
  return ZIP_END_BYTES + record.readUInt16LE(20) <= record.length;
}

function refusal(what: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', `The file is ${what} as well.`);
}
