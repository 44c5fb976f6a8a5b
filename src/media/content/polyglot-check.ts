import { LecternError } from '../../errors.js';
import type { ContentCheck } from './content-check.js';

/** Texts that begin a page, a script or an archive. Each is too long to occur in a picture by chance. */
const FOREIGN_BEGINNINGS = new RegExp(
  [
    // Pages and scripts. Not `<?xml` and no other `<!doctype`, because Photoshop writes both into pictures.
    String.raw`<(?:!doctype\s+html|(?:html|head|body|script|iframe|object|embed)[\s/>])`,
    String.raw`<svg[\s/]{1,4}[\w:-]{2,12}\s?=`,
    String.raw`<\?php\s`,
    // A GIF that is also JavaScript: its width of 10,799 pixels is written `/*`, which begins a comment.
    String.raw`^GIF8[79]a=?/\*`,
    // PHP archives, RAR and 7-Zip: programs that open them search the whole file for these texts.
    '__HALT_COMPILER',
    String.raw`Rar!\x1A\x07`,
    String.raw`7z\xBC\xAF\x27\x1C`,
  ].join('|'),
  'i',
);
/** How many bytes of a chunk are searched again with the next one. Longer than any of the texts above. */
const OVERLAP_BYTES = 32;

/**
 * The end-of-central-directory record of a ZIP archive, and its length with the longest comment (APPNOTE.TXT 4.3.16).
 */
const ZIP_END = Buffer.from('PK\x05\x06', 'latin1');
const ZIP_END_BYTES = 22;
const TAIL_BYTES = ZIP_END_BYTES + 0xffff;

/**
 * Refuses polyglots: any file with an archive appended, and pictures that contain a page or a script. Programs that
 * open archives begin at the end of a file, so a picture with an archive appended is valid as both.
 */
export class PolyglotCheck implements ContentCheck {
  private overlap = '';
  /** Begins with the last `kept` bytes of the file. Twice as long as needed, so that they are seldom moved. */
  private readonly tail = Buffer.allocUnsafeSlow(2 * TAIL_BYTES);
  private kept = 0;

  readonly tailBytes: number | undefined;

  /** @param contents All bytes of `pictures` are searched. Of `other` files only the end is. */
  constructor(private readonly contents: 'pictures' | 'other') {
    this.tailBytes = contents === 'other' ? TAIL_BYTES : undefined;
  }

  chunk(bytes: Uint8Array): void {
    if (this.contents === 'pictures') {
      const text = this.overlap + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      if (FOREIGN_BEGINNINGS.test(text)) throw refusal('a page, a script or an archive');
      this.overlap = text.slice(-OVERLAP_BYTES);
    }
    this.keep(bytes.subarray(-TAIL_BYTES));
  }

  end(): void {
    const tail = this.tail.subarray(0, this.kept).subarray(-TAIL_BYTES);
    for (let at = tail.indexOf(ZIP_END); at >= 0; at = tail.indexOf(ZIP_END, at + 1)) {
      if (isZipEnd(tail.subarray(at))) throw refusal('a ZIP archive');
    }
  }

  private keep(bytes: Uint8Array): void {
    if (this.kept + bytes.length > this.tail.length) {
      const needed = Math.min(this.kept, TAIL_BYTES - bytes.length);
      this.tail.copyWithin(0, this.kept - needed, this.kept);
      this.kept = needed;
    }
    this.tail.set(bytes, this.kept);
    this.kept += bytes.length;
  }
}

/** Returns true when the record is valid: the archive has one volume, and the comment fits into the file. */
function isZipEnd(record: Buffer): boolean {
  if (record.length < ZIP_END_BYTES || record.readUInt32LE(4) !== 0) return false;
  return ZIP_END_BYTES + record.readUInt16LE(20) <= record.length;
}

function refusal(what: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', `The file also contains ${what}.`);
}
