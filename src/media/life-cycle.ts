import { setTimeout as delay } from 'node:timers/promises';
import { isTakenId } from '../database/database-errors.js';
import { LecternError, type ErrorCode } from '../errors.js';
import type { Telemetry } from '../telemetry.js';
import type { Intake, StoredFile, UploadRequest } from './intake.js';
import type { Journal } from './journal/journal.js';
import type { LifeTiming } from './life-timing.js';
import { fileId, type MediaFile } from './media-file.model.js';
import type { ObjectDeletion } from './object-deletion.js';
import type { ObjectReference } from './object-reference.js';
import {
  accountsFor,
  type OwnerCollection,
  type OwnerState,
  type Place,
  type PlaceState,
  type SlotOwners,
} from './slot-owner.js';
import type { MediaSlot } from './slots.js';

export interface LifeCycleParts {
  readonly intake: Intake;
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly deletion: ObjectDeletion;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
}

/** Options of `publish`. */
export interface PublishOptions {
  /** How long the bytes of the replaced file stay readable, in milliseconds. */
  readonly keepMs: number;
  /** Returns false when the file must not be published, given what the place holds now. Absent: it always may. */
  readonly may?: (state: PlaceState) => boolean;
  /**
   * Postpones the deadlines of all rows that must be pending, right before each attempt; that of the object when absent.
   * Resolves to false when one of them is no longer pending.
   */
  readonly touch?: () => Promise<boolean>;
  /** Whether an object that may not be published is discarded here; else the caller decides. True when absent. */
  readonly discards?: boolean;
}

/** How often a compare-and-set is attempted before the answer is CONFLICT. */
const MAX_SWAP_ATTEMPTS = 1_000;
/** The longest random pause before another attempt, in milliseconds. It spreads competing requests over time. */
const MAX_SWAP_PAUSE_MS = 20;

/**
 * The second half of the life of a file: publishing a stored object, replacing, removing, deleting. Callers have
 * authorised the viewer. The owner's document says which file is live and which objects it has released; the journal
 * lists the uploads that no owner refers to yet. See docs/architecture.md, "The life of a file", for the purpose of
 * each step.
 */
export class LifeCycle {
  constructor(private readonly parts: LifeCycleParts) {}

  /**
   * Stores files for an owner that does not exist yet, then calls `insert`, which writes the owner with its files. When
   * it rejects, neither owner nor files are there.
   * @param insert Ends with one database insert that uses the owner id of the uploads' places. Before that insert it
   *   may reject with a LecternError; the files are then discarded.
   */
  async create<K extends string>(
    uploads: Partial<Record<K, UploadRequest>>,
    clientGone: AbortSignal,
    insert: (files: Partial<Record<K, MediaFile>>) => Promise<void>,
  ): Promise<void> {
    const { intake, telemetry } = this.parts;
    const names = Object.keys(uploads) as K[];
    const requests = names.map((name) => uploads[name]).filter((request) => request !== undefined);
    await intake.withStored(requests, clientGone, async (stored) => {
      const files = Object.fromEntries(names.map((name, i) => [name, stored[i]?.file])) as Partial<
        Record<K, MediaFile>
      >;
      await telemetry.step('publish', {}, () => this.insertOwner(stored, () => insert(files)));
      await this.finish(stored.map(({ object }) => object));
    });
  }

  /**
   * Stores a file and replaces the file in its place, if there is one. Returns the new file.
   * Rejects with NOT_FOUND when the owner was deleted meanwhile, and with UPLOAD_EXPIRED when the upload took too long.
   */
  async replace(upload: UploadRequest, clientGone: AbortSignal): Promise<MediaFile> {
    return this.parts.intake.withStored([upload], clientGone, async ([stored]) => {
      if (!stored) throw new Error('The intake returned no stored file for one upload.');
      await this.publish(stored, { keepMs: this.parts.timing.replacedGraceMs });
      return stored.file;
    });
  }

  /** Removes the file from a place. Returns false when the place is empty. */
  async clear(slot: MediaSlot, place: Place): Promise<boolean> {
    const { owners, telemetry, timing } = this.parts;
    let cleared: string | undefined;
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const state = await owners[slot].read(place);
      const file = state && !state.deleted ? state.file : null;
      // After a first attempt, an empty place or a place with another file shows that our file was removed.
      if (!state || !file) return cleared !== undefined;
      if (cleared !== undefined && cleared !== fileId(file)) return true;
      cleared = fileId(file);
      const releaseAt = this.releaseTime(timing.replacedGraceMs);
      if (await telemetry.step('swap', file, () => owners[slot].swap(place, state, { next: null, releaseAt }))) {
        await this.deleteReleased([file], timing.replacedGraceMs);
        return true;
      }
      await pause();
    }
    throw new LecternError('CONFLICT');
  }

  /**
   * Marks an owner as deleted and releases its files. Returns the owner as it was before that. Returns null when it does
   * not exist or is already deleted.
   * @param known The owner as it was read before. It is read here when absent, and when it has changed since.
   */
  async deleteOwner(owners: OwnerCollection, id: string, known?: OwnerState): Promise<OwnerState | null> {
    let tried: OwnerState | null = null;
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const seen: OwnerState | null = attempt === 0 && known ? known : await owners.read(id);
      // After an attempt, the owner is deleted by it, although its reply said otherwise, or by another request.
      if (!seen || seen.deleted) return tried;
      if ((await this.deleteOwners(owners, [seen])).has(id)) return seen;
      tried = seen;
      await pause();
    }
    throw new LecternError('CONFLICT');
  }

  /**
   * Marks owners as deleted and releases their files. Returns the ids of those that are deleted now. An owner that
   * changed since it was read (`seen`) is not deleted.
   */
  async deleteOwners(owners: OwnerCollection, seen: readonly OwnerState[]): Promise<ReadonlySet<string>> {
    const { telemetry, timing } = this.parts;
    const releaseAt = this.releaseTime(timing.replacedGraceMs);
    const deleted = await telemetry.step('mark', { ids: seen.map(({ id }) => id) }, () =>
      owners.markDeleted(seen, releaseAt),
    );
    const files = seen.filter(({ id }) => deleted.has(id)).flatMap((owner) => owner.files.map(({ file }) => file));
    await this.deleteReleased(files, timing.replacedGraceMs);
    return deleted;
  }

  /**
   * Makes a stored file live in an owner that exists, by one update of the owner. The update compares the revision that
   * was read before the row was found pending. Before the update the old file is served, after it the new one. When
   * another request has changed the owner, it tries again.
   * Rejects with NOT_FOUND, CONFLICT or UPLOAD_EXPIRED after it has discarded the file. After any other error the file
   * may be published or not, and the sweeper settles it.
   */
  async publish(stored: StoredFile, options: PublishOptions): Promise<void> {
    const replaced = await this.parts.telemetry.step('publish', stored.object, () => this.swapIn(stored, options));
    await this.finish([stored.object]);
    if (replaced) await this.deleteReleased([replaced], options.keepMs);
  }

  /**
   * The same for a file of an owner that does not exist yet: `insert` ends with one insert of it, under the id of the
   * place. A file that may not be published is not discarded here: the caller decides.
   */
  async publishNew(stored: StoredFile, insert: () => Promise<void>): Promise<void> {
    const { telemetry } = this.parts;
    await telemetry.step('publish', stored.object, () => this.insertOwner([stored], insert, false));
    await this.finish([stored.object]);
  }

  /** Returns the file that was replaced. Returns null when there was none, or when it is not known. */
  private async swapIn({ object, file, facts }: StoredFile, options: PublishOptions): Promise<MediaFile | null> {
    const { journal, intake, owners, telemetry, timing } = this.parts;
    const { slot, place } = object;
    const postponed = (): Date => new Date(Date.now() + timing.pendingDeadlineMs);
    const { touch = () => journal.touch(object, postponed()), discards = true } = options;
    const refuse = async (code: ErrorCode): Promise<never> => {
      if (discards) await intake.discard([object]);
      throw new LecternError(code);
    };
    for (let attempt = 0; ; attempt++) {
      const state = await owners[slot].read(place);
      // The driver repeats an update whose reply was lost. The repetition matches nothing, although the first
      // succeeded.
      if (state && accountsFor(state, object)) return null;
      if (!state || state.deleted || !(options.may?.(state) ?? true)) {
        return refuse('NOT_FOUND');
      }
      if (attempt === MAX_SWAP_ATTEMPTS) return refuse('CONFLICT');
      if (!(await telemetry.step('touch', object, touch))) {
        // After an attempt, the row may be missing because the file was published and then replaced: the outcome is
        // unknown.
        return refuse(attempt > 0 ? 'DATABASE_UNAVAILABLE' : 'UPLOAD_EXPIRED');
      }
      const swap = { next: file, facts, releaseAt: this.releaseTime(options.keepMs) };
      try {
        if (await telemetry.step('swap', object, () => owners[slot].swap(place, state, swap))) return state.file;
      } catch (error) {
        if (await this.isPublished(object)) return null;
        throw error;
      }
      await pause();
    }
  }

  /** Inserts an owner with its files. Once the insert was sent, the files are discarded only if the id is taken. */
  private async insertOwner(
    stored: readonly StoredFile[],
    insert: () => Promise<void>,
    discards = true,
  ): Promise<void> {
    try {
      await this.parts.telemetry.step('insert', {}, insert);
    } catch (error) {
      const [first] = stored;
      if (!first) {
        // Without files there is no fence and so no tombstone: the id is taken because the driver repeated this insert.
        if (isTakenId(error)) return;
        throw error;
      }
      // A LecternError comes from a check before the database insert.
      const refused = error instanceof LecternError;
      const published = refused ? false : await this.isPublished(first.object);
      if (published === true) return;
      // The id is new. If it is taken and the owner does not hold our file, a sweep has fenced this upload by a
      // tombstone.
      const expired = isTakenId(error) && published === false;
      if (discards && (refused || expired)) await this.parts.intake.discard(stored.map(({ object }) => object));
      if (!isTakenId(error)) throw error;
      throw new LecternError(expired ? 'UPLOAD_EXPIRED' : 'DATABASE_UNAVAILABLE', undefined, { cause: error });
    }
  }

  /**
   * After an update with an unknown outcome: returns true when the owner holds the object or has released it.
   * Returns undefined when the owner cannot be read.
   */
  private async isPublished(object: StoredFile['object']): Promise<boolean | undefined> {
    try {
      const state = await this.parts.owners[object.slot].read(object.place);
      return state !== null && accountsFor(state, object);
    } catch (error) {
      const message = 'could not find out whether a file was published; the sweeper will';
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, message);
      return undefined;
    }
  }

  /**
   * Removes the rows of published files. A failure does not matter: the files are live, and the sweeper removes the
   * rows.
   */
  private async finish(objects: readonly ObjectReference[]): Promise<void> {
    const { journal, telemetry } = this.parts;
    try {
      await telemetry.step('finish', objects[0] ?? {}, () => journal.remove(objects));
    } catch (error) {
      const message = 'could not remove the row of a published file; the sweeper will';
      telemetry.logger.warn({ err: error, key: objects[0]?.key }, message);
    }
  }

  /** Deletes released files at once when `keepMs` is 0. Otherwise the sweeper deletes them when they are due. */
  private async deleteReleased(files: readonly MediaFile[], keepMs: number): Promise<void> {
    if (keepMs === 0) await this.parts.deletion.attempt(files);
  }

  /**
   * When the sweeper deletes an object that is released now. At least LATE from now, so that late requests have
   * arrived.
   */
  private releaseTime(keepMs: number): Date {
    return new Date(Date.now() + Math.max(keepMs, this.parts.timing.lateMs));
  }
}

/** Waits for a random time before another attempt at a compare-and-set. */
function pause(): Promise<void> {
  return delay(Math.random() * MAX_SWAP_PAUSE_MS);
}
