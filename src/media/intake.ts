import { LecternError } from '../errors.js';
import type { Storage, StorageName } from '../storage/storage.js';
import type { UploadOutcome } from '../metrics.js';
import type { Telemetry } from '../telemetry.js';
import { inspect, type IncomingFile, type InspectedFile } from './content/incoming-file.js';
import type { MediaMeter } from './content/media-meter.js';
import { keyName } from './content/names.js';
import { endedWithin } from './ended-within.js';
import type { Journal, JournalledObject, ObjectReference } from './journal/journal.js';
import type { MediaFile } from './media-file.model.js';
import type { ItemFacts, Place } from './slot-owner.js';
import type { MediaSlot, SlotRules } from './slots.js';
import { UploadBatch } from './upload-batch.js';

export interface IntakeParts {
  readonly storageForNewFiles: Storage;
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly journal: Journal;
  readonly slots: Record<MediaSlot, SlotRules>;
  readonly meter: MediaMeter;
  readonly telemetry: Telemetry;
  /** How long an upload may go without a sign of life before it is swept, in milliseconds. */
  readonly pendingDeadlineMs: number;
}

/** A file on its way to a place. */
export interface UploadRequest {
  readonly slot: MediaSlot;
  readonly place: Place;
  /** What a list keeps beside the file of a new item. */
  readonly facts?: ItemFacts;
  /** Waits for the file. Called once. */
  readonly open: () => Promise<IncomingFile>;
}

/** Bytes in the storage under a pending row. */
export interface StoredFile {
  readonly object: JournalledObject;
  readonly file: MediaFile;
  readonly facts: ItemFacts | undefined;
}

/** How long an answer waits until what failed has been cleared away, in milliseconds. */
const CLEAR_WITHIN_MS = 3_000;
/** A store that broke off may still arrive: its object is deleted again after this time, in milliseconds. */
const UNKNOWN_OUTCOME_MS = 60_000;

/**
 * The first half of the life of a file: from its first byte to bytes in the storage that nobody refers to yet, under a
 * pending row of the journal. What fails here leaves nothing.
 */
export class Intake {
  constructor(private readonly parts: IntakeParts) {}

  /** Stores files side by side, all or none, and keeps their rows from expiring until `publish` has ended. */
  async withStored<T>(
    requests: readonly UploadRequest[],
    clientGone: AbortSignal,
    publish: (stored: readonly StoredFile[]) => Promise<T>,
  ): Promise<T> {
    const { journal, telemetry, pendingDeadlineMs } = this.parts;
    const batch = new UploadBatch({ journal, telemetry, clientGone, deadlineMs: pendingDeadlineMs });
    try {
      const outcomes = await Promise.all(requests.map((request) => this.storeOrFail(request, batch)));
      const stored = outcomes.filter((outcome) => outcome !== undefined);
      if (stored.length < requests.length || batch.signal.aborted) {
        await Promise.all(stored.map((one) => this.discard(one.object)));
        throw batch.failure;
      }
      batch.moved();
      return await publish(stored);
    } finally {
      batch.end();
    }
  }

  private async storeOrFail(request: UploadRequest, batch: UploadBatch): Promise<StoredFile | undefined> {
    const { telemetry } = this.parts;
    try {
      const stored = await this.store(request, batch);
      telemetry.metrics.uploadEnded(request.slot, 'stored', stored.file.size);
      return stored;
    } catch (error) {
      telemetry.uploadFailed(request.slot, uploadOutcome(error), error);
      batch.fail(error);
      return undefined;
    }
  }

  private async store(request: UploadRequest, batch: UploadBatch): Promise<StoredFile> {
    const { storageForNewFiles: storage, journal, telemetry } = this.parts;
    const rules = this.parts.slots[request.slot];
    const { slot, place, facts } = request;
    const receiving = request.open().then((incoming) => inspect(incoming, rules, batch.moved));
    const content = await batch.unlessFailed(receiving, (late) => late.release());
    const key = `${rules.prefix}/${place.ownerId}/${keyName(content.filename, content.extension)}`;
    const object: JournalledObject = { storage: storage.name, key, slot, place };
    try {
      await telemetry.step('journal', object, () => journal.addPending(object, batch.id, batch.deadline()));
    } catch (error) {
      content.release();
      throw error;
    }
    try {
      const options = { contentType: content.contentType, maxBytes: rules.maxBytes, signal: batch.signal };
      await telemetry.step('store', object, () => storage.put(key, content.body, options));
      return { object, facts, file: await this.describe(object, content, storage, batch) };
    } catch (error) {
      content.body.destroy();
      const failure = batch.signal.aborted ? batch.failure : await this.failureOf(object, error);
      await this.discard(object, failure);
      throw failure;
    }
  }

  /** A store can fail because the sweeper took it for abandoned and cleared it away: then that is what happened. */
  private async failureOf(object: JournalledObject, error: unknown): Promise<unknown> {
    if (error instanceof LecternError) return error;
    try {
      const row = await this.parts.journal.find(object);
      return row?.state === 'pending' ? error : new LecternError('UPLOAD_EXPIRED', undefined, { cause: error });
    } catch {
      return error;
    }
  }

  private async describe(
    { slot, key }: JournalledObject,
    content: InspectedFile,
    storage: Storage,
    batch: UploadBatch,
  ): Promise<MediaFile> {
    const { meter } = this.parts;
    const { filename, contentType } = content;
    const { size, sha256 } = content.measured();
    batch.moved();
    const measures = await meter.measure({ slot, storage, key, size, contentType, signal: batch.signal });
    const url = storage.canonicalUrl(key);
    return {
      slot,
      key,
      storage: storage.name,
      url,
      filename,
      contentType,
      size,
      sha256,
      ...measures,
      uploadedAt: new Date(),
    };
  }

  /**
   * Nothing of a failed upload stays: the object goes now, where the storage lets us, else by the sweeper. Of a storage
   * that hangs nobody waits to hear.
   */
  async discard(object: JournalledObject, failure?: unknown): Promise<void> {
    await endedWithin(CLEAR_WITHIN_MS, this.clearAway(object, failure));
  }

  private async clearAway(object: JournalledObject, failure: unknown): Promise<void> {
    const { journal, telemetry } = this.parts;
    const unknownOutcome = failure instanceof LecternError && failure.code === 'STORAGE_UNAVAILABLE';
    try {
      await telemetry.step('discard', object, async () => {
        if (unknownOutcome) {
          await journal.doomUnpublished(object, 'pending', new Date(Date.now() + UNKNOWN_OUTCOME_MS));
          return;
        }
        await this.erase(object);
        await journal.removeUpload(object);
      });
    } catch (error) {
      // The row is still there: past its deadline the sweeper finishes this.
      telemetry.logger.warn({ err: error, key: object.key }, 'left a failed upload to the sweeper');
    }
  }

  /** Removes an object, whatever part of it there is. */
  async erase({ storage: name, key }: ObjectReference): Promise<void> {
    const storage = this.parts.storageNamed(name);
    if (!storage) throw new LecternError('STORAGE_UNAVAILABLE', `Storage "${name}" is not configured.`);
    await storage.sweepUnfinished({ key, olderThan: new Date() });
    await storage.delete([key]);
  }
}

/** For the metrics: whose fault it was that a file was not stored. */
function uploadOutcome(error: unknown): UploadOutcome {
  // An upload that took too long was broken off by us.
  if (!(error instanceof LecternError) || error.status >= 500 || error.code === 'UPLOAD_EXPIRED') return 'failed';
  return error.code === 'UPLOAD_INCOMPLETE' ? 'broken_off' : 'refused';
}
