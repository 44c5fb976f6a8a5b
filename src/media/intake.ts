import { newId } from '../database/ids.js';
import { LecternError } from '../errors.js';
import type { UploadOutcome } from '../metrics.js';
import type { Storage } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { DEFAULT_TIMINGS, type Timings } from '../timings.js';
import { within } from '../within.js';
import { HashingThread } from './content/hashing-thread.js';
import { inspect, type IncomingFile, type InspectedFile } from './content/incoming-file.js';
import type { MediaMeter } from './content/media-meter.js';
import { keyName } from './content/names.js';
import type { Journal, PlacedObject } from './journal/journal.js';
import type { LifeTiming } from './life-timing.js';
import type { MediaFile } from './media-file.model.js';
import type { ObjectDeletion } from './object-deletion.js';
import type { ItemFacts, Place } from './slot-owner.js';
import type { MediaSlot, SlotRules } from './slots.js';
import { UploadBatch } from './upload-batch.js';

export interface IntakeParts {
  readonly storageForNewFiles: Storage;
  readonly journal: Journal;
  readonly deletion: ObjectDeletion;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
  readonly meter: MediaMeter;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
  /** `DEFAULT_TIMINGS` when absent. */
  readonly timings?: Pick<Timings, 'discard'>;
}

/** A file that is to be stored for a place. */
export interface UploadRequest {
  readonly slot: MediaSlot;
  readonly place: Place;
  /** The other fields of a new list item. */
  readonly facts?: ItemFacts;
  /** The `id` of the file, wherever it is stored. A new id when absent. */
  readonly fileId?: string;
  /** Resolves when the file begins to arrive. Called once. */
  readonly open: () => Promise<IncomingFile>;
}

/** A stored object that has a pending row, and the media file that its owner is to hold. */
export interface StoredFile {
  readonly object: PlacedObject;
  readonly file: MediaFile;
  readonly facts: ItemFacts | undefined;
}

/**
 * The first half of the life of a file: from its first byte to a stored object that has a pending row in the journal
 * and that no owner refers to yet. When a step fails, the object is discarded.
 */
export class Intake {
  private readonly hashing = new HashingThread();

  constructor(private readonly parts: IntakeParts) {}

  /**
   * Stores files at the same time, then calls `publish`. When one file fails, all are discarded and `publish` is not
   * called. The rows do not expire before `publish` has ended.
   * @param clientGone Aborts when the client has disconnected, or (with a LecternError) when the server stops.
   */
  async withStored<T>(
    requests: readonly UploadRequest[],
    clientGone: AbortSignal,
    publish: (stored: readonly StoredFile[]) => Promise<T>,
  ): Promise<T> {
    const batch = this.newBatch(clientGone);
    try {
      const outcomes = await Promise.all(requests.map((request) => this.storeOrFail(request, batch)));
      const stored = outcomes.filter((outcome) => outcome !== undefined);
      if (stored.length < requests.length || batch.signal.aborted) {
        await this.discard(stored.map(({ object }) => object));
        throw batch.failure;
      }
      batch.heartbeat();
      return await publish(stored);
    } finally {
      batch.end();
    }
  }

  /** Call it when no upload is running. */
  async close(): Promise<void> {
    await this.hashing.close();
  }

  newBatch(clientGone: AbortSignal): UploadBatch {
    const { journal, telemetry, timing } = this.parts;
    return new UploadBatch({ journal, telemetry, clientGone, deadlineMs: timing.pendingDeadlineMs });
  }

  /**
   * Writes a pending row, then calls `put` to store the object. If `put` rejects, the object is discarded.
   * @param put Must call `assertTimeLeft` right before it sends the object. That throws UPLOAD_EXPIRED when less than
   *   LATE remains until the row's deadline: the PUT could arrive after the sweeper has removed the row.
   */
  async storeUnderRow<T>(
    object: PlacedObject,
    batch: UploadBatch,
    put: (assertTimeLeft: () => void) => Promise<T>,
  ): Promise<T> {
    const { journal, telemetry, timing } = this.parts;
    const deadline = batch.deadline();
    await telemetry.step('journal', object, () => journal.addPending(object, batch.id, deadline));
    batch.watch(object);
    const assertTimeLeft = (): void => {
      if (deadline.getTime() - Date.now() < timing.lateMs) throw new LecternError('UPLOAD_EXPIRED');
    };
    try {
      return await telemetry.step('store', object, () => put(assertTimeLeft));
    } catch (error) {
      const failure = batch.signal.aborted ? batch.failure : await this.failureOf(object, error);
      await this.discard([object]);
      throw failure;
    }
  }

  /**
   * Gives up uploads, whether or not their objects were stored: marks their rows as `doomed`, then deletes the objects.
   * After LATE the sweeper deletes each object again, because a PUT may have arrived late, and then removes the row.
   * Never rejects, and waits at most the timing `discard`; the sweeper does what is left.
   */
  async discard(objects: readonly PlacedObject[]): Promise<void> {
    const discarded = Promise.all(objects.map((object) => this.discardOne(object)));
    await within((this.parts.timings ?? DEFAULT_TIMINGS).discard, discarded, () => undefined);
  }

  private async discardOne(object: PlacedObject): Promise<void> {
    const { journal, telemetry, deletion, timing } = this.parts;
    const due = new Date(Date.now() + timing.lateMs);
    try {
      await telemetry.step('discard', object, () => journal.discard(object, due));
    } catch (error) {
      // The row is still pending. After its deadline the sweeper discards the upload.
      telemetry.logger.warn({ err: error, key: object.key }, 'could not discard a failed upload; the sweeper will');
      return;
    }
    await deletion.attempt([object], { unfinished: true });
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
    const { storageForNewFiles: storage } = this.parts;
    const rules = this.parts.slots[request.slot];
    const { slot, place, facts, fileId: id = newId() } = request;
    const receiving = request
      .open()
      .then((incoming) => inspect(incoming, rules, { hashing: this.hashing, onProgress: batch.heartbeat }));
    const content = await batch.unlessFailed(receiving, (late) => late.release());
    const key = `${rules.prefix}/${place.ownerId}/${keyName(content.filename, content.extension)}`;
    const object: PlacedObject = { storage: storage.name, key, slot, place };
    try {
      return await this.storeUnderRow(object, batch, async (assertTimeLeft) => {
        assertTimeLeft();
        const { contentType, ownsChunks } = content;
        const options = { contentType, maxBytes: rules.maxBytes, signal: batch.signal, ownsChunks };
        await storage.put(key, content.body, options);
        const file = await this.describe(object, content, storage, batch);
        file.id = id;
        return { object, facts, file };
      });
    } catch (error) {
      content.release();
      throw error;
    }
  }

  /**
   * The error to answer when storing failed. Returns UPLOAD_EXPIRED when the row is no longer pending: then the store
   * failed because the sweeper had given up this upload.
   */
  private async failureOf(object: PlacedObject, error: unknown): Promise<unknown> {
    if (error instanceof LecternError) return error;
    try {
      const row = await this.parts.journal.find(object);
      return row?.state === 'pending' ? error : new LecternError('UPLOAD_EXPIRED', undefined, { cause: error });
    } catch {
      return error;
    }
  }

  private async describe(
    { slot, key }: PlacedObject,
    content: InspectedFile,
    storage: Storage,
    batch: UploadBatch,
  ): Promise<MediaFile> {
    const { meter } = this.parts;
    const { filename, contentType } = content;
    const { size, sha256 } = await content.measured();
    batch.heartbeat();
    const measures = await meter.measure({ slot, storage, key, size, contentType, signal: batch.signal });
    return {
      slot,
      key,
      storage: storage.name,
      filename,
      contentType,
      size,
      sha256,
      ...measures,
      uploadedAt: new Date(),
    };
  }
}

/** The outcome of a failed upload for the metrics: was it the server, the client or the content? */
function uploadOutcome(error: unknown): UploadOutcome {
  // UPLOAD_EXPIRED has a status below 500, but it is this server that ended the upload.
  if (!(error instanceof LecternError) || error.status >= 500 || error.code === 'UPLOAD_EXPIRED') return 'failed';
  return error.code === 'UPLOAD_INCOMPLETE' ? 'broken_off' : 'refused';
}
