import { LecternError } from '../errors.js';
import type { Storage, StorageName } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { DEFAULT_TIMINGS, type Timings } from '../timings.js';
import { within } from '../within.js';
import type { ObjectReference } from './object-reference.js';

type DeletionTimings = Pick<Timings, 'deletion' | 'deletionPause'>;

export interface ObjectDeletionParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly telemetry: Telemetry;
  /** `DEFAULT_TIMINGS` when absent. */
  readonly timings?: DeletionTimings;
}

/**
 * Deletes objects that can never be live again: released ones, those of doomed rows, and those of uploads that the
 * caller has given up. Each of them is on a `released` list or in the journal, so the sweeper can repeat the deletion.
 */
export class ObjectDeletion {
  /** Until this time, in milliseconds since 1970, requests do not try to delete. */
  private pausedUntil = 0;

  private readonly timings: DeletionTimings;

  constructor(private readonly parts: ObjectDeletionParts) {
    this.timings = parts.timings ?? DEFAULT_TIMINGS;
  }

  /**
   * Tries to delete objects during a request. Waits at most the timing `deletion` and never rejects: the sweeper deletes
   * what is left.
   * @param options.unfinished Also ends unfinished uploads of these objects, before it deletes.
   */
  async attempt(objects: readonly ObjectReference[], options: { readonly unfinished?: boolean } = {}): Promise<void> {
    if (objects.length === 0 || Date.now() < this.pausedUntil) return;
    const work = options.unfinished ? this.endUploads(objects).then(() => this.delete(objects)) : this.delete(objects);
    const done = work.catch((error: unknown) => {
      this.pauseAttempts();
      this.parts.telemetry.logger.warn({ err: error, key: objects[0]?.key }, 'could not delete; the sweeper will');
    });
    await within(this.timings.deletion, done, () => this.pauseAttempts());
  }

  /** Deletes objects, with one call for each storage. An object that does not exist is not an error. */
  async delete(objects: readonly ObjectReference[]): Promise<void> {
    const keys = new Map<StorageName, string[]>();
    for (const { storage, key } of objects) keys.set(storage, [...(keys.get(storage) ?? []), key]);
    await this.parts.telemetry.step('delete', objects[0] ?? {}, async () => {
      await Promise.all([...keys].map(([name, ofStorage]) => this.storage(name).delete(ofStorage)));
    });
    this.pausedUntil = 0;
  }

  /** Removes temporary files and aborts multipart uploads that interrupted uploads of these objects have left. */
  async endUploads(objects: readonly ObjectReference[]): Promise<void> {
    for (const { storage, key } of objects) await this.storage(storage).sweepUnfinished({ key, olderThan: new Date() });
  }

  private storage(name: StorageName): Storage {
    const storage = this.parts.storageNamed(name);
    if (!storage) throw new LecternError('STORAGE_UNAVAILABLE', `Storage "${name}" is not configured.`);
    return storage;
  }

  private pauseAttempts(): void {
    this.pausedUntil = Date.now() + this.timings.deletionPause;
  }
}
