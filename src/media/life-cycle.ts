import { setTimeout as delay } from 'node:timers/promises';
import { isDuplicateKey } from '../database/database-errors.js';
import { LecternError } from '../errors.js';
import type { Telemetry } from '../telemetry.js';
import { endedWithin } from './ended-within.js';
import type { Intake, StoredFile, UploadRequest } from './intake.js';
import { counterpart, type CopyJournal } from './journal/copy-journal.js';
import {
  isSameObject,
  objectOf,
  placeOf,
  replacedBy,
  type Journal,
  type JournalledObject,
  type MediaObject,
  type ObjectReference,
} from './journal/journal.js';
import type { MediaFile } from './media-file.model.js';
import type { Place, SlotOwners } from './slot-owner.js';
import type { MediaSlot } from './slots.js';

export interface LifeCycleParts {
  /** From the first byte to a stored object under a pending row. */
  readonly intake: Intake;
  readonly journal: Journal;
  /** The originals that migrations left: a file that goes takes its original with it. */
  readonly copies: CopyJournal;
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
/** How long a request that has done its work waits for a deletion, in milliseconds. */
const DELETE_WITHIN_MS = 3_000;
/**
 * How long deletions are left to the sweeper once one has failed, in milliseconds, unless one succeeds before: a cascade
 * would wait for each.
 */
const LEAVE_DELETIONS_MS = 10_000;

/**
 * The life of a file, from its first byte to its last, in the order in which it happens. Whoever calls has authorised
 * the viewer already. The owner's document decides which file is live; the journal knows everything that is not settled.
 */
export class LifeCycle {
  /** Until this moment deletions are left to the sweeper. */
  private deletingAgainAt = 0;

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
      await Promise.all(stored.map((one) => this.finish(one)));
    });
  }

  /** Stores a file and puts it in the place of the one that its living owner has now. Returns the new file. */
  async replace(upload: UploadRequest, clientGone: AbortSignal): Promise<MediaFile> {
    return this.parts.intake.withStored([upload], clientGone, async ([stored]) => {
      if (!stored) throw new Error('One upload was asked for and none was stored.');
      await this.parts.telemetry.step('publish', stored.object, () => this.swapIn(stored));
      await this.finish(stored);
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
      await this.settlePublished(object);
      const deadline = new Date(Date.now() + pendingDeadlineMs);
      await telemetry.step('journal', object, () => journal.watch(object, deadline));
      if (await telemetry.step('swap', object, () => owners[slot].swap(place, state.revision, null))) {
        await this.release([object]);
        return true;
      }
      // Someone was faster. If it was to take out the same file, both see to it that it goes. By its key: a migration
      // may have moved it to the other storage, and then it is taken out of there.
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
        await this.doomWithOriginal(object, now);
      }
    });
    for (const object of objects) await this.deleteSoon(object);
  }

  // Publish

  /** Inserts an owner with its files. From the moment that the insert is sent no failure removes bytes. */
  private async insertOwner(stored: readonly StoredFile[], insert: () => Promise<void>): Promise<void> {
    try {
      await this.parts.telemetry.step('insert', {}, insert);
    } catch (error) {
      const [first] = stored;
      if (!first) throw error;
      // A refusal of the caller's own came before the insert. A taken id may be our own document: a server that lost the
      // first answer was asked again. Else, as the id is new, it is the tombstone of a sweep that gave this upload up.
      const published = error instanceof LecternError ? false : await this.isPublished(first);
      if (published === true) return;
      const refused = error instanceof LecternError || (isDuplicateKey(error) && published === false);
      if (refused) await Promise.all(stored.map((one) => this.parts.intake.discard(one.object)));
      if (!isDuplicateKey(error)) throw error;
      throw new LecternError(refused ? 'UPLOAD_EXPIRED' : 'DATABASE_UNAVAILABLE', undefined, { cause: error });
    }
  }

  /** Puts a stored file into its owner's slot, with what it replaces noted in its row. Lost races are tried again. */
  private async swapIn(stored: StoredFile): Promise<void> {
    const { object, file, facts } = stored;
    const { journal, intake, owners, telemetry } = this.parts;
    const owner = owners[object.slot];
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const state = await owner.read(object.place);
      // A swap whose reply was lost and that was sent again by the driver looks like a lost race.
      if (state?.file?.key === object.key) return;
      if (!state || state.deleted) {
        await intake.discard(object);
        throw new LecternError('NOT_FOUND');
      }
      if (state.file) await this.settlePublished(state.file);
      if (!(await journal.noteReplaced(object, state.file))) throw new LecternError('UPLOAD_EXPIRED');
      try {
        const { place } = object;
        if (await telemetry.step('swap', object, () => owner.swap(place, state.revision, file, facts))) return;
      } catch (error) {
        if (await this.isPublished(stored)) return;
        throw error;
      }
      await delay(Math.random() * MAX_SWAP_PAUSE_MS);
    }
    await intake.discard(object);
    throw new LecternError('CONFLICT');
  }

  /** After a publication with an unknown outcome: whether the owner holds the file. Undefined when even that is unknown. */
  private async isPublished({ object }: StoredFile): Promise<boolean | undefined> {
    try {
      const state = await this.parts.owners[object.slot].read(object.place);
      // By its key, which is this upload's alone: a migration may have moved it to the other storage already.
      return state?.file?.key === object.key;
    } catch (error) {
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, 'left a publication to the sweeper');
      return undefined;
    }
  }

  /** The file is live, whatever happens from here on. */
  private async finish({ object }: StoredFile): Promise<void> {
    const { telemetry, replacedGraceMs } = this.parts;
    try {
      const replaced = await this.settlePublished(object);
      if (replaced && replacedGraceMs === 0) await this.deleteSoon(replaced);
    } catch (error) {
      telemetry.logger.warn({ err: error, key: object.key }, 'left the end of a publication to the sweeper');
    }
  }

  /** Deletes a doomed object while its request waits; for a storage that fails or hangs at it nobody waits. */
  private async deleteSoon(object: ObjectReference): Promise<void> {
    if (Date.now() < this.deletingAgainAt) return;
    const deleted = await endedWithin(DELETE_WITHIN_MS, this.deleteOrLeave(object));
    if (!deleted) this.leaveDeletions();
  }

  private async deleteOrLeave(object: ObjectReference): Promise<void> {
    try {
      await this.deleteDoomed(object);
      await this.deleteDoomed(counterpart(object));
    } catch (error) {
      this.leaveDeletions();
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, 'left a deletion to the sweeper');
    }
  }

  private leaveDeletions(): void {
    this.deletingAgainAt = Date.now() + LEAVE_DELETIONS_MS;
  }

  // Sweep: the same ends, reached from the journal after a crash

  /** Decides an upload whose deadline has passed: published or not, by its owner's word. */
  async decideOverdue(overdue: MediaObject, now: Date): Promise<void> {
    const { copies, journal, owners, telemetry } = this.parts;
    const expired = overdue.state === 'expired';
    // As it is from now on: until it expired, what it replaces could still change.
    const row = expired ? overdue : await telemetry.step('expire', overdue, () => journal.expire(overdue, now));
    if (!row) return;
    const { file } = await telemetry.step('fence', row, () => owners[row.slot].fence(placeOf(row)));
    if (file && isSameObject(file, row)) {
      await this.doomReplacedBy(row);
      await telemetry.step('finish', row, () => journal.removeExpired(row));
    } else if (file?.key === row.key && row.leaving) {
      // It was live when someone wanted to take it out, and a migration was faster.
      await copies.keep(objectOf(row));
    } else {
      // No swap that read before the fence can succeed any more, and none that reads after it finds the row pending.
      await this.settleOriginal(row, file);
      await telemetry.step('doom', row, () => journal.doomUnpublished(row, 'expired', now));
    }
  }

  /**
   * Removes a doomed object, whatever part of it there is, then its row. Looks at the row again first: since it was
   * listed another sweep may have removed both, and a migration may have stored the object anew.
   */
  async deleteDoomed(row: ObjectReference): Promise<void> {
    const { journal, telemetry } = this.parts;
    if ((await journal.find(row))?.state !== 'doomed') return;
    await telemetry.step('delete', row, () => this.parts.intake.erase(row));
    this.deletingAgainAt = 0;
    await telemetry.step('forget', row, () => journal.removeDoomed(row));
  }

  /**
   * Ends the upload of a file that its owner refers to, when whoever published it did not come that far. Done before
   * a published file is replaced, so that what it had replaced itself is never forgotten. Returns what that was.
   */
  async settlePublished(object: ObjectReference): Promise<ObjectReference | undefined> {
    const { journal, telemetry } = this.parts;
    const row = await journal.find(object);
    if (!row) return undefined;
    const replaced = await this.doomReplacedBy(row);
    await telemetry.step('finish', object, () => journal.removeUpload(object));
    return replaced;
  }

  /** Dooms what the upload of this object came in place of, where that is still open. */
  async doomReplaced(object: ObjectReference): Promise<void> {
    await this.doomReplacedBy(await this.parts.journal.find(object));
  }

  private async doomReplacedBy(row: MediaObject | null): Promise<ObjectReference | undefined> {
    if (row?.state !== 'pending' && row?.state !== 'expired') return undefined;
    const old = replacedBy(row);
    const deleteAfter = new Date(Date.now() + this.parts.replacedGraceMs);
    if (old) await this.parts.telemetry.step('doom', old, () => this.doomWithOriginal(old, deleteAfter));
    return old;
  }

  /** A file that is no longer live goes, and before it the original that a migration left in the other storage. */
  private async doomWithOriginal(object: JournalledObject, deleteAfter: Date): Promise<void> {
    await this.parts.copies.doomKept(counterpart(object), deleteAfter);
    await this.parts.journal.doomPublished(object, deleteAfter);
  }

  /** A migration's copy is not what its owner refers to: what was about to be its original is live, or goes as well. */
  async settleOriginal(copy: ObjectReference, live: MediaFile | null): Promise<void> {
    const original = counterpart({ storage: copy.storage, key: copy.key });
    if (live && isSameObject(live, original)) await this.parts.copies.forgetKept(original);
    else await this.parts.copies.doomKept(original, new Date(Date.now() + this.parts.replacedGraceMs));
  }
}
