import { LecternError } from '../errors.js';
import type { Storage, StorageName } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { within } from '../within.js';
import type { ObjectReference } from './object-reference.js';

export interface ObjectDeletionParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly telemetry: Telemetry;
}

/** How long an answer waits for a deletion, in milliseconds. The sweeper deletes what takes longer. */
const DELETE_WITHIN_MS = 2_000;
/**
 * For how long requests leave deletions to the sweeper once one has failed, in milliseconds, unless one succeeds before:
 * each of them would wait.
 */
const LEAVE_DELETIONS_MS = 10_000;

/**
 * Deletes bytes that can never be live again: those of released files, of doomed rows, and of uploads that the caller
 * itself has given up (`released` or the journal names every one of them).
 */
export class ObjectDeletion {
  /** Until this moment, in milliseconds since the epoch, requests leave deletions to the sweeper. */
  private leftUntil = 0;

  constructor(private readonly parts: ObjectDeletionParts) {}

  /**
   * Deletes objects while their request waits, for a short time at most. Never rejects: what fails stays on `released`
   * or in the journal, and the sweeper deletes it.
   */
  async attempt(objects: readonly ObjectReference[], options: { readonly unfinished?: boolean } = {}): Promise<void> {
    if (objects.length === 0 || Date.now() < this.leftUntil) return;
    const work = options.unfinished ? this.endUploads(objects).then(() => this.delete(objects)) : this.delete(objects);
    const done = work.catch((error: unknown) => {
      this.leaveToSweeper();
      this.parts.telemetry.logger.warn({ err: error, key: objects[0]?.key }, 'left a deletion to the sweeper');
    });
    await within(DELETE_WITHIN_MS, done, () => this.leaveToSweeper());
  }

  /** Deletes objects, those of one storage together. Absent ones are no error. */
  async delete(objects: readonly ObjectReference[]): Promise<void> {
    const keys = new Map<StorageName, string[]>();
    for (const { storage, key } of objects) keys.set(storage, [...(keys.get(storage) ?? []), key]);
    await this.parts.telemetry.step('delete', objects[0] ?? {}, async () => {
      await Promise.all([...keys].map(([name, ofStorage]) => this.storage(name).delete(ofStorage)));
    });
    this.leftUntil = 0;
  }

  /** Ends what interrupted uploads of these objects have left: temporary files, unfinished multipart uploads. */
  async endUploads(objects: readonly ObjectReference[]): Promise<void> {
    for (const { storage, key } of objects) await this.storage(storage).sweepUnfinished({ key, olderThan: new Date() });
  }

  private storage(name: StorageName): Storage {
    const storage = this.parts.storageNamed(name);
    if (!storage) throw new LecternError('STORAGE_UNAVAILABLE', `Storage "${name}" is not configured.`);
    return storage;
  }

  private leaveToSweeper(): void {
    this.leftUntil = Date.now() + LEAVE_DELETIONS_MS;
  }
}
