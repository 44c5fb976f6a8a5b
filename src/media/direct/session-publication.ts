import { LecternError } from '../../errors.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { Intake } from '../intake.js';
import type { Journal } from '../journal/journal.js';
import { objectOf } from '../journal/journal.js';
import type { LifeCycle } from '../life-cycle.js';
import type { LifeTiming } from '../life-timing.js';
import type { MediaFile } from '../media-file.model.js';
import { hasPublished, type SlotOwners } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import type { Proof } from './proof.js';
import type { SessionEnd } from './session-end.js';
import type { SessionJournal } from './session-journal.js';
import { completionDeadline, type SessionRow } from './session-row.js';

/** Inserts the record that a session makes, with its file, under the owner id of the row. One insert. */
export type InsertOwner = (row: SessionRow, file: MediaFile) => Promise<void>;

export interface SessionPublicationParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly journal: Journal;
  readonly sessions: SessionJournal;
  readonly owners: SlotOwners;
  /** The slots whose record comes into being with its file. */
  readonly insertOwner: Partial<Record<MediaSlot, InsertOwner>>;
  readonly lifeCycle: LifeCycle;
  readonly intake: Intake;
  readonly end: SessionEnd;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
}

/**
 * Publishes the file of a direct upload like that of every other upload, but discards nothing: another completion may be
 * publishing it at the same time. The file has the id of its session, so it is recognised under any key.
 */
export class SessionPublication {
  constructor(private readonly parts: SessionPublicationParts) {}

  /**
   * Rejects with NOT_FOUND when the owner is gone, or with a fault of the database: then the session is still open, and
   * the outcome may be unknown. A session that was ended meanwhile is decided, and that is no error.
   */
  async publish(row: SessionRow, proof: Proof, signal: AbortSignal): Promise<void> {
    try {
      await (proof.isConverted ? this.publishConverted(row, proof, signal) : this.publishAsItIs(row, proof));
    } catch (error) {
      const now = await this.parts.sessions.find(row.session.id);
      if (now?.state === 'pending') {
        // The session is alive, so what has expired is the row of its converted captions: that can be tried again.
        const expired = error instanceof LecternError && error.code === 'UPLOAD_EXPIRED';
        throw expired ? new LecternError('CONFLICT', undefined, { cause: error }) : error;
      }
      if (now?.state === 'expired') await this.parts.end.decide(now);
    }
  }

  private async publishAsItIs(row: SessionRow, proof: Proof): Promise<void> {
    const { insertOwner, lifeCycle, telemetry, timing } = this.parts;
    const stored = { object: objectOf(row), file: fileOf(row, proof), facts: row.session.facts };
    const touch = (): Promise<boolean> => this.touch(row, proof);
    const insert = insertOwner[row.slot];
    if (insert) {
      await lifeCycle.publishNew(stored, async () => {
        if (!(await telemetry.step('touch', row, touch))) throw new LecternError('UPLOAD_EXPIRED');
        await insert(row, stored.file);
      });
    } else {
      await lifeCycle.publish(stored, { keepMs: timing.replacedGraceMs, touch, discards: false });
    }
    telemetry.metrics.uploadEnded(row.slot, 'stored', stored.file.size);
  }

  /**
   * Stores captions as WebVTT in UTF-8 under a key of their own, like a file of a multipart request, and publishes that.
   * Then dooms the object that was uploaded, although the session has published its file.
   */
  private async publishConverted(row: SessionRow, proof: Proof, signal: AbortSignal): Promise<void> {
    const { journal, intake, lifeCycle, end, timing } = this.parts;
    const { id, filename, declaredType = '', facts = {} } = row.session;
    if (!(await this.isPublished(row))) {
      const open = async () => ({
        filename,
        declaredType,
        stream: await this.storageOf(row).open(row.key, { signal }),
      });
      const request = { slot: row.slot, place: objectOf(row).place, facts, fileId: id, open };
      await intake.withStored([request], signal, async ([stored]) => {
        if (!stored) throw new Error('One file was to be stored and none was.');
        const object = stored.object;
        const touch = async (): Promise<boolean> =>
          (await journal.touch(object, new Date(Date.now() + timing.pendingDeadlineMs))) && this.touch(row, proof);
        const may = (state: Parameters<typeof hasPublished>[0]): boolean => !hasPublished(state, id);
        await lifeCycle
          .publish(stored, { keepMs: timing.replacedGraceMs, may, touch })
          .catch(async (error: unknown) => {
            // Another completion may have published it.
            if (!(await this.isPublished(row))) throw error;
          });
      });
    }
    await end.kill(row, 'PUBLISHED');
  }

  private async isPublished({ slot, ownerId, session }: SessionRow): Promise<boolean> {
    const owner = await this.parts.owners[slot].collection.read(ownerId);
    return owner !== null && hasPublished(owner, session.id);
  }

  private touch(row: SessionRow, { integrity }: Proof): Promise<boolean> {
    const { sessions, timing } = this.parts;
    return sessions.touch(row, completionDeadline(row.session, timing), { integrity });
  }

  private storageOf({ storage }: SessionRow): Storage {
    const found = this.parts.storageNamed(storage);
    if (!found) throw new LecternError('STORAGE_UNAVAILABLE');
    return found;
  }
}

function fileOf({ slot, key, storage, session }: SessionRow, proof: Proof): MediaFile {
  const { filename, contentType, sha256, measures } = proof;
  return {
    slot,
    id: session.id,
    key,
    storage,
    filename,
    contentType,
    size: session.size,
    ...(sha256 !== undefined && { sha256 }),
    ...measures,
    uploadedAt: new Date(),
  };
}
