import { setTimeout as delay } from 'node:timers/promises';
import { isDuplicateKey } from '../database/database-errors.js';
import { LecternError } from '../errors.js';
import type { Telemetry } from '../telemetry.js';
import type { Intake, StoredFile, UploadRequest } from './intake.js';
import {
  placeOf,
  replacedBy,
  type Journal,
  type JournalledObject,
  type MediaObject,
  type ObjectReference,
  type RowState,
} from './journal/journal.js';
import type { MediaFile } from './media-file.model.js';
import type { Place, SlotOwner, SlotOwners } from './slot-owner.js';
import type { MediaSlot } from './slots.js';

export interface LifeCycleParts {
  /** From the first byte to a stored object under a pending row. */
  readonly intake: Intake;
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly telemetry: Telemetry;
  /** How long a row of the journal may go without a sign of life before it is swept, in milliseconds. */
  readonly pendingDeadlineMs: number;
  /** How long a replaced file can still be read, in milliseconds. */
  readonly replacedGraceMs: number;
}

/** How often a lost compare-and-set is tried again before the answer is CONFLICT. */
const MAX_SWAP_ATTEMPTS = 1_000;
/** The longest random pause before another attempt, in milliseconds: it spreads those who race. */
const MAX_SWAP_PAUSE_MS = 20;
/**
 * The life of a file, from its first byte to its last, in the order in which it happens. Whoever calls has authorised
 * the viewer already. The owner's document decides which file is live; the journal knows everything that is not settled.
 */
export class LifeCycle {
  constructor(private readonly parts: LifeCycleParts) {}

  /**
   * Stores files for an owner that does not exist yet, then lets `insert` write it with the files in place: all or
   * nothing. `insert` ends with one insert under the places' owner id; before that it may refuse with a LecternError.
   */
  async create<K extends string>(
    uploads: Partial<Record<K, UploadRequest>>,
    clientGone: AbortSignal,
    insert: (files: Partial<Record<K, MediaFile>>) => Promise<void>,
  ): Promise<void> {
    const names = Object.keys(uploads) as K[];
    const requests = names.map((name) => uploads[name]).filter((request) => request !== undefined);
    await this.parts.intake.withStored(requests, clientGone, async (stored) => {
      const files = Object.fromEntries(names.map((name, i) => [name, stored[i]?.file])) as Partial<
        Record<K, MediaFile>
      >;
      await this.parts.telemetry.step('publish', {}, () => this.insertOwner(stored, () => insert(files)));
      for (const one of stored) await this.finish(one, null);
    });
  }

  /** Stores a file and puts it in the place of the one that its living owner has now. Returns the new file. */
  async replace(upload: UploadRequest, clientGone: AbortSignal): Promise<MediaFile> {
    return this.parts.intake.withStored([upload], clientGone, async ([stored]) => {
      if (!stored) throw new Error('One upload was asked for and none was stored.');
      const replaced = await this.parts.telemetry.step('publish', stored.object, () => this.swapIn(stored));
      await this.finish(stored, replaced);
      return stored.file;
    });
  }

  /** Takes a file out of its place. Returns false when the place holds none. */
  async clear(slot: MediaSlot, place: Place): Promise<boolean> {
    const { journal, owners, telemetry, pendingDeadlineMs } = this.parts;
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const state = await owners[slot].read(place);
      if (!state?.file || state.deleted) return false;
      const object = { storage: state.file.storage, key: state.file.key, slot, place };
      const deadline = new Date(Date.now() + pendingDeadlineMs);
      await telemetry.step('journal', object, () => journal.watch(object, deadline));
      if (await telemetry.step('publish', object, () => owners[slot].swap(place, state.revision, null))) {
        await this.release([object]);
        return true;
      }
      // Someone was faster. If it was to take out the same file, both see to it that it goes.
      if ((await owners[slot].read(place))?.file?.key !== object.key) {
        await this.release([object]);
        return false;
      }
      await delay(Math.random() * MAX_SWAP_PAUSE_MS);
    }
    throw new LecternError('CONFLICT');
  }

  /** The files of an owner that has been marked as deleted, or of a slot that has been emptied: they go now. */
  async release(objects: readonly JournalledObject[]): Promise<void> {
    const now = new Date();
    await this.parts.telemetry.step('doom', {}, async () => {
      for (const object of objects) {
        await this.doomReplaced(object);
        await this.parts.journal.doomPublished(object, now);
      }
    });
    for (const object of objects) await this.deleteSoon(object);
  }

  // Publish

  /** Inserts an owner with its files. From the moment that the insert is sent no failure removes bytes. */
  private async insertOwner(stored: readonly StoredFile[], insert: () => Promise<void>): Promise<void> {
    try {
      await insert();
    } catch (error) {
      const [first] = stored;
      if (!first) throw error;
      // A refusal of the caller's own came before the insert; and as the id is new, what holds it already is the
      // tombstone of a sweep that gave this upload up.
      const refused = error instanceof LecternError || isDuplicateKey(error);
      if (!refused && (await this.isPublished(first))) return;
      if (refused) for (const one of stored) await this.parts.intake.discard(one.object);
      throw isDuplicateKey(error) ? new LecternError('UPLOAD_EXPIRED', undefined, { cause: error }) : error;
    }
  }

  /** Puts a stored file into its owner's slot and returns what it replaced. Lost races are tried again. */
  private async swapIn(stored: StoredFile): Promise<MediaFile | null> {
    const { object, file } = stored;
    const owner = this.parts.owners[object.slot];
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const state = await owner.read(object.place);
      if (!state || state.deleted) {
        await this.parts.intake.discard(object);
        throw new LecternError('NOT_FOUND');
      }
      if (state.file) await this.settlePublished(state.file);
      if (!(await this.parts.journal.noteReplaced(object, state.file))) throw new LecternError('UPLOAD_EXPIRED');
      if (await this.swapped(owner, stored, state.revision, file)) return state.file;
      await delay(Math.random() * MAX_SWAP_PAUSE_MS);
    }
    await this.parts.intake.discard(object);
    throw new LecternError('CONFLICT');
  }

  private async swapped(owner: SlotOwner, stored: StoredFile, revision: number, file: MediaFile): Promise<boolean> {
    try {
      return await owner.swap(stored.object.place, revision, file, stored.facts);
    } catch (error) {
      if (await this.isPublished(stored)) return true;
      throw error;
    }
  }

  /** After a publication with an unknown outcome: whether the owner holds the file. If even that is unknown, no. */
  private async isPublished({ object }: StoredFile): Promise<boolean> {
    try {
      const state = await this.parts.owners[object.slot].read(object.place);
      return state?.file?.key === object.key;
    } catch (error) {
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, 'left a publication to the sweeper');
      return false;
    }
  }

  /** The file is live, whatever happens from here on. */
  private async finish({ object }: StoredFile, replaced: MediaFile | null): Promise<void> {
    const { telemetry, replacedGraceMs } = this.parts;
    try {
      await this.settlePublished(object);
      if (replaced && replacedGraceMs === 0) await this.deleteSoon(replaced);
    } catch (error) {
      telemetry.logger.warn({ err: error, key: object.key }, 'left the end of a publication to the sweeper');
    }
  }

  private async deleteSoon(object: ObjectReference): Promise<void> {
    try {
      const row = await this.parts.journal.find(object);
      if (row?.state === 'doomed') await this.deleteDoomed(row);
    } catch (error) {
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, 'left a deletion to the sweeper');
    }
  }

  // Sweep: the same ends, reached from the journal after a crash

  /** Decides an upload whose deadline has passed: published or not, by its owner's word. */
  async decideOverdue(row: MediaObject, now: Date): Promise<void> {
    const { journal, telemetry } = this.parts;
    await telemetry.step('expire', row, async () => {
      if (row.state === 'pending' && !(await journal.expire(row, now))) return;
      const state = await telemetry.step('fence', row, () => this.parts.owners[row.slot].fence(placeOf(row)));
      if (state.file?.key === row.key) return this.settlePublished(row, ['expired']);
      // No swap that read before the fence can succeed any more, and none that reads after it finds the row pending.
      await journal.doomUnpublished(row, 'expired', now);
    });
  }

  /** Removes a doomed object, whatever part of it there is, then its row. */
  async deleteDoomed(row: ObjectReference): Promise<void> {
    const { journal, telemetry } = this.parts;
    await telemetry.step('delete', row, () => this.parts.intake.erase(row));
    await telemetry.step('forget', row, () => journal.removeDoomed(row));
  }

  /**
   * Ends the upload of a file that its owner refers to, when whoever published it did not come that far. Done before
   * a published file is replaced, so that what it had replaced itself is never forgotten.
   */
  private async settlePublished(object: ObjectReference, states?: readonly RowState[]): Promise<void> {
    if (!(await this.doomReplaced(object))) return;
    await this.parts.telemetry.step('finish', object, () => this.parts.journal.removeUpload(object, states));
  }

  /** Dooms what a published upload came in place of. False when no upload of this object is open. */
  private async doomReplaced(object: ObjectReference): Promise<boolean> {
    const { journal, telemetry, replacedGraceMs } = this.parts;
    const row = await journal.find(object);
    if (row?.state !== 'pending' && row?.state !== 'expired') return false;
    const old = replacedBy(row);
    const deleteAfter = new Date(Date.now() + replacedGraceMs);
    if (old) await telemetry.step('doom', old, () => journal.doomPublished(old, deleteAfter));
    return true;
  }
}
