import { LecternError } from '../../errors.js';
import { UploadGoneError, type DirectUploads, type SignedPart } from '../../storage/direct-uploads.js';
import { partCountOf, sizeOfPart } from '../../storage/part-size.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import { objectOf } from '../journal/journal.js';
import type { LifeTiming } from '../life-timing.js';
import { fileId, type MediaFile } from '../media-file.model.js';
import type { SlotOwners } from '../slot-owner.js';
import type { Completions } from './completions.js';
import type { SessionEnd } from './session-end.js';
import type { SessionFilter, SessionJournal } from './session-journal.js';
import { clientDeadline, directOf, directUploadOf, endOf, isOpen, statusOf, type SessionRow } from './session-row.js';

export interface UploadSessionsParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly sessions: SessionJournal;
  readonly owners: SlotOwners;
  readonly end: SessionEnd;
  readonly completions: Completions;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
}

/** A part that a client asks to write. */
export interface WantedPart {
  readonly number: number;
  /** Of the part, in base64. */
  readonly md5?: string | undefined;
}

/** A part that may be written once, until its URL expires. */
export interface WritablePart extends SignedPart {
  readonly number: number;
  readonly size: number;
}

/** A part that the storage has. */
export interface UploadedPart {
  readonly number: number;
  /** In bytes. */
  readonly size: number;
}

/** What the storage has of a session. */
export interface Progress {
  readonly parts: readonly UploadedPart[];
  /** In bytes. */
  readonly bytes: number;
}

/** How long the URL of a part lives, in milliseconds. */
const PART_URL_MS = 15 * 60 * 1_000;
const NOTHING: Progress = { parts: [], bytes: 0 };

/** What clients do with a direct upload after its start: sign parts, see the progress, complete and abort. */
export class UploadSessions {
  private readonly listed = new WeakMap<SessionRow, Promise<Progress>>();

  constructor(private readonly parts: UploadSessionsParts) {}

  find(id: string): Promise<SessionRow | null> {
    return this.parts.sessions.find(id);
  }

  /** At most `limit` sessions, newest first, behind the one with the id `after`. */
  list(filter: SessionFilter, after: string | undefined, limit: number): Promise<readonly SessionRow[]> {
    return this.parts.sessions.list(filter, after, limit);
  }

  count(filter: SessionFilter): Promise<number> {
    return this.parts.sessions.count(filter);
  }

  /**
   * Signs requests that write parts. Rejects with the end of a session that is over, with CONFLICT while it is verified or
   * when it is published, and with BAD_USER_INPUT for a part that it does not have.
   */
  async sign(row: SessionRow, wanted: readonly WantedPart[]): Promise<readonly WritablePart[]> {
    const { sessions, telemetry, timing } = this.parts;
    const { size, partSize } = row.session;
    const count = partCountOf(size, partSize);
    const outside = wanted.find(({ number }) => number < 1 || number > count);
    if (outside) {
      const message = `There is no part ${String(outside.number)}: this upload has parts 1 to ${String(count)}.`;
      throw new LecternError('BAD_USER_INPUT', message, { fields: ['numbers'] });
    }
    const withoutMd5 = wanted.some(({ md5 }) => md5 === undefined);
    if (!(await sessions.touchWaiting(row, clientDeadline(row.session, timing), withoutMd5))) {
      throw await this.refusalOf(row);
    }
    const direct = this.directOf(row);
    const upload = directUploadOf(row);
    const expiresAt = new Date(Date.now() + PART_URL_MS);
    telemetry.count('signings', wanted.length);
    return Promise.all(
      wanted.map(async ({ number, md5 }) => {
        const part = { number, size: sizeOfPart(number, size, partSize), ...(md5 !== undefined && { md5 }) };
        return { number, size: part.size, ...(await direct.signPart(upload, part, expiresAt)) };
      }),
    );
  }

  /** Returns what the storage has. When that is more than at the last call, postpones the deadline of the session. */
  progress(row: SessionRow): Promise<Progress> {
    const listed = this.listed.get(row) ?? this.listParts(row);
    this.listed.set(row, listed);
    return listed;
  }

  /** Ends a session and deletes its parts. Returns its row. A session that ended before is not changed. */
  async abort(row: SessionRow): Promise<SessionRow> {
    await this.parts.end.kill(row, 'ABORTED');
    return this.reread(row);
  }

  /** Ends a session whose maker has lost the right to it, or whose record is gone. */
  async fail(row: SessionRow, error: LecternError): Promise<void> {
    await this.parts.end.kill(row, 'FAILED', error);
  }

  /**
   * Completes a session and publishes its file. Returns its row within 3 seconds: PUBLISHED, FAILED, or VERIFYING when it
   * takes longer. Rejects with UPLOAD_INCOMPLETE when parts are missing, with CONFLICT or UPLOAD_EXPIRED when the
   * session was aborted or has expired.
   */
  async complete(row: SessionRow): Promise<SessionRow> {
    if (isOpen(row)) await this.parts.completions.complete(row);
    const now = await this.reread(row);
    const end = endOf(now);
    if (end && statusOf(now) !== 'FAILED') throw end;
    return now;
  }

  /** Returns the file that a session has published. Null when it has published none, or the file was replaced. */
  async mediaOf(row: SessionRow): Promise<MediaFile | null> {
    const state = await this.parts.owners[row.slot].read(objectOf(row).place);
    const file = state && !state.deleted ? state.file : null;
    return file && fileId(file) === row.session.id ? file : null;
  }

  private async listParts(row: SessionRow): Promise<Progress> {
    const status = statusOf(row);
    if (status === 'PUBLISHED' || status === 'VERIFYING') return { ...NOTHING, bytes: row.session.size };
    if (status !== 'WAITING') return NOTHING;
    const parts = await this.partsOf(row);
    const bytes = parts.reduce((sum, { size }) => sum + size, 0);
    if (bytes > row.session.bytesSeen) {
      const { sessions, timing } = this.parts;
      await sessions.touch(row, clientDeadline(row.session, timing), { bytesSeen: bytes });
    }
    return { parts, bytes };
  }

  private async partsOf(row: SessionRow): Promise<UploadedPart[]> {
    const { size, partSize } = row.session;
    const parts: UploadedPart[] = [];
    try {
      for await (const { number, size: bytes } of this.directOf(row).listParts(directUploadOf(row))) {
        parts.push({ number, size: bytes });
      }
      return parts;
    } catch (error) {
      if (!(error instanceof UploadGoneError)) throw error;
      // A completion that broke off has made the object of all parts; else the storage has given them up.
      if (!(await this.parts.storageNamed(row.storage)?.stat(row.key))) return [];
      const count = partCountOf(size, partSize);
      return Array.from({ length: count }, (_, i) => ({ number: i + 1, size: sizeOfPart(i + 1, size, partSize) }));
    }
  }

  /** Why nothing can be signed for a session that is not open. */
  private async refusalOf(row: SessionRow): Promise<LecternError> {
    const now = await this.reread(row);
    const published = statusOf(now) === 'PUBLISHED';
    return (
      endOf(now) ??
      new LecternError('CONFLICT', published ? 'This upload is published.' : 'This upload is being verified.')
    );
  }

  /** The row as it is now. */
  private async reread(row: SessionRow): Promise<SessionRow> {
    const now = await this.parts.sessions.find(row.session.id);
    if (!now) throw new LecternError('NOT_FOUND');
    return now;
  }

  private directOf({ storage }: SessionRow): DirectUploads {
    return directOf(this.parts.storageNamed(storage));
  }
}
