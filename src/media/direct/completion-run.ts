import { LecternError, type ErrorCode } from '../../errors.js';
import {
  UploadGoneError,
  PartsChangedError,
  type DirectUploads,
  type StoredPart,
} from '../../storage/direct-uploads.js';
import { partCountOf, sizeOfPart } from '../../storage/part-size.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { MediaMeter } from '../content/media-meter.js';
import type { MediaSlot, SlotRules } from '../slots.js';
import { prove, type Proof } from './proof.js';
import type { SessionEnd } from './session-end.js';
import type { SessionPublication } from './session-publication.js';
import { directUploadOf, type SessionRow } from './session-row.js';

export interface CompletionRunParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
  readonly meter: MediaMeter;
  readonly publication: SessionPublication;
  readonly end: SessionEnd;
  readonly telemetry: Telemetry;
}

/** Errors that every server would find again. They end the session as FAILED. */
const FINAL: readonly ErrorCode[] = [
  'UNSUPPORTED_MEDIA_TYPE',
  'FILE_TOO_LARGE',
  'EMPTY_FILE',
  'CHECKSUM_MISMATCH',
  'NOT_FOUND',
  'UPLOAD_EXPIRED',
];
/** How many missing parts an error names. */
const NAMED_PARTS = 10;

/** Turns the parts of a direct upload into a published file. Several runs for one session at the same time are safe. */
export class CompletionRun {
  constructor(private readonly parts: CompletionRunParts) {}

  /**
   * Completes and publishes, or ends the session as FAILED. Rejects with UPLOAD_INCOMPLETE when parts are missing, and
   * with errors that may be gone at the next attempt.
   * @returns whether the file may be published, or was refused.
   */
  async complete(row: SessionRow, signal: AbortSignal): Promise<'stored' | 'refused'> {
    const { publication, end, telemetry } = this.parts;
    try {
      const proof = await this.assembledAndProved(row, signal);
      await publication.publish(row, proof, signal);
      return 'stored';
    } catch (error) {
      if (!(error instanceof LecternError) || !FINAL.includes(error.code) || signal.aborted) throw error;
      await end.kill(row, 'FAILED', error);
      telemetry.uploadFailed(row.slot, 'refused', error);
      return 'refused';
    }
  }

  private async assembledAndProved(row: SessionRow, signal: AbortSignal): Promise<Proof> {
    const { storageNamed, slots, meter, telemetry } = this.parts;
    const storage = storageNamed(row.storage);
    const direct = storage?.direct;
    if (!storage || !direct) throw new LecternError('STORAGE_UNAVAILABLE');
    const md5Signed = await telemetry.step('assemble', row, () => this.assemble(row, { storage, direct, signal }));
    // The client of S3 repeats a request whose answer was lost: the store may have begun a second upload, which no row names.
    await storage.sweepUnfinished({ key: row.key, olderThan: new Date() });
    const subject = { row, storage, rules: slots[row.slot], meter, signal };
    const proof = await telemetry.step('prove', row, () => prove(subject));
    return md5Signed ? { ...proof, integrity: [...proof.integrity, 'PART_MD5'] } : proof;
  }

  /** Makes the object of the parts. Returns whether each of them was written under a signed MD5. */
  private async assemble(
    row: SessionRow,
    { storage, direct, signal }: { storage: Storage; direct: DirectUploads; signal: AbortSignal },
  ): Promise<boolean> {
    const { telemetry } = this.parts;
    const upload = directUploadOf(row);
    try {
      const parts: StoredPart[] = [];
      for await (const part of direct.listParts(upload)) parts.push(part);
      requireWhole(row, parts);
      await telemetry.step('complete', row, () => direct.complete(upload, parts, signal));
      return parts.every(({ md5Signed = !row.session.signedWithoutMd5 }) => md5Signed);
    } catch (error) {
      if (error instanceof PartsChangedError) throw new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
      if (!(error instanceof UploadGoneError)) throw error;
      // An earlier completion has made the object: nothing else can be under this key.
      if (await storage.stat(row.key)) return !row.session.signedWithoutMd5;
      const message = 'The storage has given up the parts of this upload.';
      throw new LecternError('UPLOAD_EXPIRED', message, { cause: error });
    }
  }
}

/** Throws UPLOAD_INCOMPLETE unless the parts are 1..N, each of its size. Some stores would complete an upload with a gap. */
function requireWhole({ session: { size, partSize } }: SessionRow, parts: readonly StoredPart[]): void {
  const sizes = new Map(parts.map((part) => [part.number, part.size]));
  const count = partCountOf(size, partSize);
  const missing: number[] = [];
  for (let number = 1; number <= count; number++) {
    if (sizes.get(number) !== sizeOfPart(number, size, partSize)) missing.push(number);
  }
  if (missing.length === 0 && sizes.size === count) return;
  const named = missing.slice(0, NAMED_PARTS).join(', ') + (missing.length > NAMED_PARTS ? ', ...' : '');
  throw new LecternError(
    'UPLOAD_INCOMPLETE',
    `${String(missing.length)} of ${String(count)} parts are missing: ${named}.`,
  );
}
