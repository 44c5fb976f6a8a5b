import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { LecternError } from '../../errors.js';
import { UploadGoneError, type ReceivedPart } from '../direct-uploads.js';
import type { DirectFiles } from './direct-files.js';
import { hasErrno, onDisk } from './disk-errors.js';
import { fileExists } from './file-exists.js';
import { newToken, noteMark, readMark, writeMark, type PartMark } from './part-marks.js';
import { streamToFile } from './stream-to-file.js';

/** A writer updates the time in its mark this often within `silenceMs`, after which another one takes the part over. */
const SIGNS_PER_SILENCE = 5;

export interface PartToWrite {
  readonly part: ReceivedPart;
  readonly files: DirectFiles;
  readonly body: Readable;
  /** As in PutOptions. */
  readonly ownsChunks: boolean;
  readonly signal: AbortSignal;
  /** How long a writer may be silent before another one may take its part over, in milliseconds. */
  readonly silenceMs: number;
}

/**
 * Writes one part at its place in the file of its upload, and marks it when it is whole and on the disk.
 *
 * During the write, the mark has the state `writing` and the token of this writer. So a completion sees that the part is
 * not whole, and a second writer, also in another process, sees when this one last received bytes. A writer whose mark
 * has another token stops.
 */
export class PartWriter {
  private readonly token = newToken();
  private readonly stop = new AbortController();
  private lastByteAt = Date.now();
  private lastSignAt = 0;

  constructor(private readonly target: PartToWrite) {}

  /** For how long no byte has come, in milliseconds. */
  get silentMs(): number {
    return Date.now() - this.lastByteAt;
  }

  /** Ends the writing with this error. `write` rejects with it once nothing of it can be written any more. */
  giveUp(reason: Error): void {
    this.stop.abort(reason);
  }

  /** Rejects as `DirectUploads.receivePart` does. */
  async write(): Promise<void> {
    const { files, part } = this.target;
    const bytes = await openPart(files.bytes, part.key);
    try {
      const marks = await openPart(files.marks, part.key);
      try {
        await this.claim(marks);
        await this.fillAndMark(bytes, marks);
      } finally {
        await marks.close();
      }
    } finally {
      await bytes.close();
    }
  }

  private async claim(marks: FileHandle): Promise<void> {
    const { part, files, silenceMs } = this.target;
    await onDisk(async () => {
      const held = await readMark(marks, part.number);
      if (held?.state === 'writing' && Date.now() - held.at < silenceMs) throw partBusy();
      // Synced before the first byte is written: from then on the earlier bytes of the part are no longer whole.
      await writeMark(marks, part.number, this.markOf('writing'));
      this.lastSignAt = Date.now();
      // A completion renames the marks before it reads them. So either it reads this mark, or this sees the new name.
      if (!(await fileExists(files.marks))) throw new UploadGoneError(part.key);
    });
  }

  private async fillAndMark(bytes: FileHandle, marks: FileHandle): Promise<void> {
    const { part } = this.target;
    try {
      await this.fill(bytes, marks);
      await onDisk(async () => {
        await this.assertHeld(marks);
        await writeMark(marks, part.number, this.markOf('whole'));
      });
    } catch (error) {
      await this.release(marks);
      throw error;
    }
  }

  private fill(bytes: FileHandle, marks: FileHandle): Promise<void> {
    const { part, body, ownsChunks, signal } = this.target;
    return streamToFile(bytes, body, {
      signal: AbortSignal.any([signal, this.stop.signal]),
      start: part.offset,
      ownsChunks,
      check: this.check(marks),
      sync: () => bytes.datasync(),
    });
  }

  /** Passes on the bytes of the part, and fails at the first byte after them: it would overwrite the next part. */
  private check(marks: FileHandle): Transform {
    const { size, md5 } = this.target.part;
    const digest = md5 === undefined ? undefined : createHash('md5');
    let received = 0;
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.lastByteAt = Date.now();
        received += chunk.length;
        if (received > size) {
          done(otherSize(size));
          return;
        }
        digest?.update(chunk);
        if (this.lastByteAt - this.lastSignAt < this.target.silenceMs / SIGNS_PER_SILENCE) done(null, chunk);
        else this.showSign(marks).then(() => done(null, chunk), done);
      },
      flush: (done) => {
        if (received !== size) done(otherSize(size));
        else if (digest !== undefined && digest.digest('base64') !== md5) done(otherMd5());
        else done();
      },
    });
  }

  private async showSign(marks: FileHandle): Promise<void> {
    await onDisk(async () => {
      await this.assertHeld(marks);
      await noteMark(marks, this.target.part.number, this.markOf('writing'));
    });
    this.lastSignAt = Date.now();
  }

  private async assertHeld(marks: FileHandle): Promise<void> {
    const { part } = this.target;
    const { nlink } = await marks.stat();
    if (nlink === 0) throw new UploadGoneError(part.key);
    if ((await readMark(marks, part.number))?.token !== this.token) throw partBusy();
  }

  /** Removes the mark, so that the part can be sent again at once. Ignores errors, which would hide why the write failed. */
  private async release(marks: FileHandle): Promise<void> {
    const { number } = this.target.part;
    try {
      if ((await readMark(marks, number))?.token === this.token) await writeMark(marks, number, undefined);
    } catch {
      return;
    }
  }

  private markOf(state: PartMark['state']): PartMark {
    const { size, md5 } = this.target.part;
    return { state, token: this.token, size, md5Signed: md5 !== undefined, at: Date.now() };
  }
}

export function partBusy(): LecternError {
  return new LecternError('CONFLICT', 'Another request is writing this part.');
}

function otherSize(size: number): LecternError {
  return new LecternError('UPLOAD_INCOMPLETE', `The part must have ${size} bytes.`);
}

function otherMd5(): LecternError {
  return new LecternError('CHECKSUM_MISMATCH', 'The MD5 of the bytes is not the one that was signed.');
}

/** Opens a file that must exist: an upload that has ended has none. */
async function openPart(file: string, key: string): Promise<FileHandle> {
  return onDisk(async () => {
    try {
      return await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) throw new UploadGoneError(key, { cause: error });
      throw error;
    }
  });
}
