import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import { KeyedQueue } from '../../keyed-queue.js';
import type { DirectUploads } from '../../storage/direct-uploads.js';
import { partSizeOf } from '../../storage/part-size.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import { tooLarge } from '../content/measured-body.js';
import { keyName } from '../content/names.js';
import type { Intake } from '../intake.js';
import { objectOf, type PlacedObject } from '../journal/journal.js';
import type { SessionRecord } from '../journal/session-record.model.js';
import type { LifeTiming } from '../life-timing.js';
import type { ObjectDeletion } from '../object-deletion.js';
import type { ItemFacts, Place } from '../slot-owner.js';
import type { MediaSlot, SlotRules } from '../slots.js';
import type { SessionJournal } from './session-journal.js';
import { clientDeadline, directOf, directUploadOf, type SessionRow } from './session-row.js';

export interface SessionStartParts {
  /** Where new uploads go. */
  readonly storageForNewFiles: Storage;
  readonly sessions: SessionJournal;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
  readonly intake: Intake;
  readonly deletion: ObjectDeletion;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
  readonly limits: SessionLimits;
}

/** How much one viewer may have open. */
export interface SessionLimits {
  readonly sessions: number;
  /** Of all announced sizes together. */
  readonly bytes: number;
}

/** A direct upload as its maker announces it. The caller has authorised the maker. */
export interface SessionRequest {
  readonly makerId: string;
  readonly slot: MediaSlot;
  readonly place: Place;
  readonly filename: string;
  readonly declaredType: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256?: string;
  readonly samples?: readonly string[];
  /** What a list keeps beside the file, or what the new record gets. */
  readonly facts?: ItemFacts;
  readonly idempotencyKey?: string;
  /** Tells a repeated start from another one under the same key. */
  readonly inputHash: string;
}

/** The type that an object is stored under when its slot does not take the declared one. It is never served under it. */
const UNKNOWN_TYPE = 'application/octet-stream';

/** Begins direct uploads: reserves, writes the row, then lets the storage begin. */
export class SessionStart {
  /**
   * The starts of each maker, one after the other on this server: what one of them reserves, the next one counts. On
   * different servers two starts may run at the same time, and then both are counted.
   */
  private readonly reservations = new KeyedQueue();
  /** The starts under each idempotency key: the second one waits, and then finds the session of the first one. */
  private readonly repeats = new KeyedQueue();

  constructor(private readonly parts: SessionStartParts) {}

  /**
   * Begins a session, or answers the one that was begun under the same idempotency key. Rejects with EMPTY_FILE,
   * FILE_TOO_LARGE, UPLOAD_LIMIT_REACHED, STORAGE_UNAVAILABLE, or CONFLICT: the key was used with another input, or
   * another server is starting a session under it.
   */
  async start(request: SessionRequest): Promise<SessionRow> {
    const { slot, size, makerId, idempotencyKey } = request;
    const { maxBytes } = this.parts.slots[slot];
    if (size === 0) throw new LecternError('EMPTY_FILE');
    if (size > maxBytes) throw tooLarge(maxBytes);
    const direct = directOf(this.parts.storageForNewFiles);
    if (idempotencyKey === undefined) return this.startNew(request, direct);
    return this.repeats.run(JSON.stringify([makerId, idempotencyKey]), async () => {
      const before = await this.startedBefore(request);
      if (before?.session.uploadId !== undefined) return before;
      if (before) await this.supersede(before);
      return this.startNew(request, direct);
    });
  }

  private async startNew(request: SessionRequest, direct: DirectUploads): Promise<SessionRow> {
    const row = await this.reservations.run(request.makerId, () => this.reserve(request));
    return (row && (await this.begin(row, direct))) ?? this.begunElsewhere(request);
  }

  private async startedBefore({ makerId, idempotencyKey, inputHash }: SessionRequest): Promise<SessionRow | null> {
    if (idempotencyKey === undefined) return null;
    const row = await this.parts.sessions.findByKey(makerId, idempotencyKey);
    if (row && row.session.inputHash !== inputHash) {
      throw new LecternError('CONFLICT', 'Another upload was started with this key.', {
        fields: ['input.idempotencyKey'],
      });
    }
    return row;
  }

  /**
   * Takes the idempotency key from a start of another server, which has died or is still at work. This start does not
   * continue that one, but uses a row and an object key of its own. So one server begins at most one upload under an
   * object key. If it dies before it has noted the upload, its row is still there and the sweeper ends the upload.
   */
  private async supersede(row: SessionRow): Promise<void> {
    const { sessions, telemetry, timing } = this.parts;
    // The other server lets the storage begin only within the deadline of its row. After that, the upload is ended.
    const due = new Date(Date.now() + timing.pendingDeadlineMs);
    await telemetry.step('supersede', row, () => sessions.giveUp(row, due));
  }

  /** The session that another server has begun under the idempotency key of this request meanwhile. */
  private async begunElsewhere(request: SessionRequest): Promise<SessionRow> {
    if (request.idempotencyKey === undefined) throw new LecternError('UPLOAD_EXPIRED');
    const row = await this.startedBefore(request);
    if (row?.session.uploadId !== undefined) return row;
    throw new LecternError('CONFLICT', 'Another server is starting an upload with this key. Send the request again.', {
      fields: ['input.idempotencyKey'],
    });
  }

  /** Writes the row. Returns null when the maker has a session under this idempotency key by now. */
  private async reserve(request: SessionRequest): Promise<SessionRow | null> {
    const { intake, sessions, storageForNewFiles, telemetry, timing } = this.parts;
    const { makerId, size } = request;
    this.requireRoom([...(await sessions.openSizes(makerId)), size]);
    const { object, session } = this.newSession(request, storageForNewFiles.name);
    // Until the storage has begun it, it waits for this request alone.
    const deadline = new Date(Date.now() + timing.pendingDeadlineMs);
    const row = await telemetry.step('journal', object, () => sessions.add(object, session, deadline));
    if (!row) return null;
    try {
      // Another server may have added one at the same time.
      this.requireRoom(await sessions.openSizes(makerId));
    } catch (error) {
      await intake.discard([object]);
      throw error;
    }
    return row;
  }

  private requireRoom(sizes: readonly number[]): void {
    const { limits } = this.parts;
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.length > limits.sessions) {
      const message = `You have ${String(limits.sessions)} unfinished direct uploads, and may have no more.`;
      throw new LecternError('UPLOAD_LIMIT_REACHED', message);
    }
    if (bytes > limits.bytes) {
      const message = `Your unfinished direct uploads would have ${String(bytes)} bytes; ${String(limits.bytes)} are allowed.`;
      throw new LecternError('UPLOAD_LIMIT_REACHED', message);
    }
  }

  private newSession(request: SessionRequest, storage: StorageName): { object: PlacedObject; session: SessionRecord } {
    const { slot, place, makerId, filename, declaredType, size, samples, ...rest } = request;
    const rules = this.parts.slots[slot];
    const name = keyName(filename, /\.([a-z0-9]{1,8})$/i.exec(filename)?.[1]?.toLowerCase() ?? 'bin');
    const object = { storage, key: `${rules.prefix}/${place.ownerId}/${name}`, slot, place };
    const session: SessionRecord = {
      id: newId(),
      makerId,
      createdAt: new Date(),
      filename,
      ...(declaredType !== '' && { declaredType }),
      storedType: rules.accepts.includes(declaredType) ? declaredType : UNKNOWN_TYPE,
      size,
      partSize: partSizeOf(size),
      ...(samples && { samples: [...samples] }),
      ...(rest.sha256 !== undefined && { sha256: rest.sha256 }),
      ...(rest.facts && { facts: rest.facts }),
      ...(rest.idempotencyKey !== undefined && { idempotencyKey: rest.idempotencyKey }),
      inputHash: rest.inputHash,
      bytesSeen: 0,
      signedWithoutMd5: false,
    };
    return { object, session };
  }

  /**
   * Lets the storage begin the upload. Only then does a client learn of the session.
   * Returns null when the row is no longer pending: another start has taken its idempotency key, or it has expired.
   */
  private async begin(row: SessionRow, direct: DirectUploads): Promise<SessionRow | null> {
    const { sessions, telemetry, timing } = this.parts;
    const { id: sessionId, size, storedType: contentType } = row.session;
    try {
      // What is sent now may arrive until LATE has passed, and by then the row must not have been swept.
      if ((row.deadline?.getTime() ?? 0) - Date.now() < timing.lateMs) throw new LecternError('UPLOAD_EXPIRED');
      const uploadId = await telemetry.step('begin', row, () =>
        direct.begin(row.key, { contentType, size, sessionId }),
      );
      const deadline = clientDeadline(row.session, timing);
      if (await telemetry.step('begun', row, () => sessions.begun(row, uploadId, deadline))) {
        const begun = await sessions.find(sessionId);
        if (!begun) throw new LecternError('UPLOAD_EXPIRED');
        return begun;
      }
      await direct.abort({ ...directUploadOf(row), uploadId });
      return null;
    } catch (error) {
      await this.giveUp(row);
      throw error;
    }
  }

  /** Discards a start that failed, unless its reply alone was lost and the upload has begun. */
  private async giveUp(row: SessionRow): Promise<void> {
    const { sessions, intake, deletion, telemetry, timing } = this.parts;
    try {
      const due = new Date(Date.now() + timing.lateMs);
      const outcome = await telemetry.step('discard', row, () => sessions.giveUp(row, due));
      if (outcome === 'absent') await intake.discard([objectOf(row)]);
      if (outcome === 'doomed') await deletion.attempt([row], { unfinished: true });
    } catch (error) {
      telemetry.logger.warn(
        { err: error, key: row.key },
        'could not discard the start of a direct upload; the sweeper will',
      );
    }
  }
}
