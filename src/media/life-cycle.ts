import { setTimeout as delay } from 'node:timers/promises';
import { isTakenId } from '../database/database-errors.js';
import { LecternError } from '../errors.js';
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
  /** From the first byte to a stored object under a pending row. */
  readonly intake: Intake;
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly deletion: ObjectDeletion;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
}

/** How a stored file is published. */
export interface PublishOptions {
  /** For how long the bytes of the file that it takes the place of stay, in milliseconds. */
  readonly keepMs: number;
  /** Whether it may still take the place, given what that holds now. */
  readonly may?: (state: PlaceState) => boolean;
}

/** How often a lost compare-and-set is tried again before the answer is CONFLICT. */
const MAX_SWAP_ATTEMPTS = 1_000;
/** The longest random pause before another attempt, in milliseconds: it spreads those who race. */
const MAX_SWAP_PAUSE_MS = 20;

/**
 * The life of a file after its bytes are stored, in the order in which it happens. Callers have authorised the viewer.
 * The owner's document says which file is live and which objects it has released; the journal names the uploads that no
 * owner refers to yet. docs/architecture.md, "The life of a file", says what each step is for.
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
   * Stores a file and puts it in the place of the one that its owner has now. Returns the new file. Rejects with
   * NOT_FOUND when the owner is deleted meanwhile, and with UPLOAD_EXPIRED when the upload took too long.
   */
  async replace(upload: UploadRequest, clientGone: AbortSignal): Promise<MediaFile> {
    return this.parts.intake.withStored([upload], clientGone, async ([stored]) => {
      if (!stored) throw new Error('One upload was asked for and none was stored.');
      await this.publish(stored, { keepMs: this.parts.timing.replacedGraceMs });
      return stored.file;
    });
  }

  /** Takes the file out of a place. Returns false when the place holds none. */
  async clear(slot: MediaSlot, place: Place): Promise<boolean> {
    const { owners, telemetry, timing } = this.parts;
    let cleared: string | undefined;
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const state = await owners[slot].read(place);
      const file = state && !state.deleted ? state.file : null;
      // After an attempt: an empty place, or another file in it, says that this file has been taken out.
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

  /** Marks an owner as deleted and releases its files. Returns false when there was no such living owner. */
  async deleteOwner(owners: OwnerCollection, id: string): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_SWAP_ATTEMPTS; attempt++) {
      const seen = await owners.read(id);
      if (!seen || seen.deleted) return attempt > 0;
      if ((await this.deleteOwners(owners, [seen])).has(id)) return true;
      await pause();
    }
    throw new LecternError('CONFLICT');
  }

  /** The same for many. Returns the ids of those that are deleted now; others have changed since they were `seen`. */
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
   * Makes a stored file live in an owner that exists: one update of the owner, compared with what was read before the
   * row was found pending. Before it the old file is served, after it the new one. Lost races are tried again. Rejects
   * with NOT_FOUND or UPLOAD_EXPIRED when the file was discarded; any other error leaves the decision to the sweeper.
   */
  async publish(stored: StoredFile, options: PublishOptions): Promise<void> {
    const replaced = await this.parts.telemetry.step('publish', stored.object, () => this.swapIn(stored, options));
    await this.finish([stored.object]);
    if (replaced) await this.deleteReleased([replaced], options.keepMs);
  }

  /** Returns the file that was replaced, as far as that is known. */
  private async swapIn({ object, file, facts }: StoredFile, options: PublishOptions): Promise<MediaFile | null> {
    const { journal, intake, owners, telemetry, timing } = this.parts;
    const { slot, place } = object;
    for (let attempt = 0; ; attempt++) {
      const state = await owners[slot].read(place);
      // An update whose reply was lost, and which the driver sent again, looks like a lost race.
      if (state && accountsFor(state, object)) return null;
      if (!state || state.deleted || !(options.may?.(state) ?? true)) {
        await intake.discard([object]);
        throw new LecternError('NOT_FOUND');
      }
      if (attempt === MAX_SWAP_ATTEMPTS) {
        await intake.discard([object]);
        throw new LecternError('CONFLICT');
      }
      const deadline = new Date(Date.now() + timing.pendingDeadlineMs);
      if (!(await telemetry.step('touch', object, () => journal.touch(object, deadline)))) {
        await intake.discard([object]);
        // An update that was sent may have published the file, and the row may be gone because it was replaced since.
        throw new LecternError(attempt > 0 ? 'DATABASE_UNAVAILABLE' : 'UPLOAD_EXPIRED');
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

  /** Inserts an owner with its files. Once the insert has been sent, no failure but a taken id discards the files. */
  private async insertOwner(stored: readonly StoredFile[], insert: () => Promise<void>): Promise<void> {
    try {
      await this.parts.telemetry.step('insert', {}, insert);
    } catch (error) {
      const [first] = stored;
      if (!first) {
        // Without files no sweep made a tombstone: the id is taken by this very insert, which the driver sent twice.
        if (isTakenId(error)) return;
        throw error;
      }
      // `insert` refused before it sent anything.
      const refused = error instanceof LecternError;
      const published = refused ? false : await this.isPublished(first.object);
      if (published === true) return;
      // As the id is new, a taken one that is not ours is the tombstone of a sweep that has given this upload up.
      const expired = isTakenId(error) && published === false;
      if (refused || expired) await this.parts.intake.discard(stored.map(({ object }) => object));
      if (!isTakenId(error)) throw error;
      throw new LecternError(expired ? 'UPLOAD_EXPIRED' : 'DATABASE_UNAVAILABLE', undefined, { cause: error });
    }
  }

  /** After an update with an unknown outcome: whether it was carried out. Undefined when even that is unknown. */
  private async isPublished(object: StoredFile['object']): Promise<boolean | undefined> {
    try {
      const state = await this.parts.owners[object.slot].read(object.place);
      return state !== null && accountsFor(state, object);
    } catch (error) {
      this.parts.telemetry.logger.warn({ err: error, key: object.key }, 'left a publication to the sweeper');
      return undefined;
    }
  }

  /** The files are live, whatever fails from here on. */
  private async finish(objects: readonly ObjectReference[]): Promise<void> {
    const { journal, telemetry } = this.parts;
    try {
      await telemetry.step('finish', objects[0] ?? {}, () => journal.remove(objects));
    } catch (error) {
      telemetry.logger.warn({ err: error, key: objects[0]?.key }, 'left the end of a publication to the sweeper');
    }
  }

  /** Deletes the bytes of released files at once when nothing was promised; else the sweeper does when they are due. */
  private async deleteReleased(files: readonly MediaFile[], keepMs: number): Promise<void> {
    if (keepMs === 0) await this.parts.deletion.attempt(files);
  }

  /** When the sweeper deletes what is released now: not before what is on its way has arrived. */
  private releaseTime(keepMs: number): Date {
    return new Date(Date.now() + Math.max(keepMs, this.parts.timing.lateMs));
  }
}

/** Before another attempt at a lost compare-and-set. */
function pause(): Promise<void> {
  return delay(Math.random() * MAX_SWAP_PAUSE_MS);
}
