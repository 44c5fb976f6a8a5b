import { setTimeout as delay } from 'node:timers/promises';
import { LecternError } from '../../errors.js';
import type { Telemetry } from '../../telemetry.js';
import { counterpart, type Claim, type CopyJournal } from '../journal/copy-journal.js';
import { isSameObject, type Journal, type JournalledObject } from '../journal/journal.js';
import type { LifeCycle } from '../life-cycle.js';
import type { MediaFile } from '../media-file.model.js';
import type { SlotOwners } from '../slot-owner.js';
import { UploadBatch } from '../upload-batch.js';
import type { Digest } from './digest.js';
import { copyAcross, FileLeftError, isWhole, wantedDigest, type Move } from './file-copy.js';

export interface FileMoverParts {
  readonly owners: SlotOwners;
  readonly journal: Journal;
  readonly copies: CopyJournal;
  readonly lifeCycle: LifeCycle;
  readonly telemetry: Telemetry;
  /** How long a copy may go without a sign of life before it is swept, in milliseconds. */
  readonly pendingDeadlineMs: number;
}

/**
 * - `copied`: the owner refers to a copy that was made now
 * - `reused`: to one that was there: an original of an earlier migration, or of a run that broke off
 * - `superseded`: the file was replaced or deleted meanwhile; no copy of it stays
 */
export type MoveOutcome = 'copied' | 'reused' | 'superseded';

/** How often a lost compare-and-set, or a row that was swept, is tried again. */
const MAX_ATTEMPTS = 1_000;
const MAX_CLAIMS = 3;
/** The longest random pause before another attempt, in milliseconds. */
const MAX_PAUSE_MS = 20;
/**
 * A key is needed again when its copy failed. So nobody else deletes it so long, in milliseconds: a second deletion on
 * its way could reach the next copy. It also lets a store that broke off come to rest.
 */
export const SOLE_DELETION_MS = 60_000;

/**
 * Moves one file to the other storage, under the same key, with the discipline of an upload: a pending row before the
 * first byte, its deadline put off while bytes move, and one compare-and-set of the owner as the moment of truth.
 * Before it the copy is read back, and the original gets a `kept` row. Safe beside anything that the owner may do.
 */
export class FileMover {
  constructor(private readonly parts: FileMoverParts) {}

  /** Rejects with FileLeftError when the file cannot be moved, and with the signal's reason when it aborts. */
  async move(move: Move): Promise<MoveOutcome> {
    const { journal, telemetry, pendingDeadlineMs } = this.parts;
    for (let claims = 0; claims < MAX_CLAIMS; claims++) {
      move.signal.throwIfAborted();
      const batch = new UploadBatch({ journal, telemetry, clientGone: move.signal, deadlineMs: pendingDeadlineMs });
      try {
        const outcome = await this.attempt(move, batch);
        if (outcome !== 'again') return outcome;
      } finally {
        batch.end();
      }
    }
    throw new FileLeftError('its copy was lost again and again');
  }

  private async attempt(move: Move, batch: UploadBatch): Promise<MoveOutcome | 'again'> {
    const { copies, telemetry } = this.parts;
    const copy = copyOf(move);
    const claim = await telemetry.step('journal', copy, () => copies.claim(copy, batch.id, batch.deadline()));
    if (claim === 'taken') {
      throw new FileLeftError('an earlier copy of it is still being removed: run this again in some minutes');
    }
    if (claim === 'kept') return this.takeKept(move, copy, batch);
    const made = await this.prepare(move, copy, claim, batch);
    if (made === 'superseded' || made === 'again') return made;
    const confirm = (): Promise<boolean> => copies.confirm(copy, batch.id, batch.deadline());
    const published = await this.publish(move, copy, confirm);
    if (published === 'done') await telemetry.step('finish', copy, () => this.parts.journal.removeUpload(copy));
    else await this.discard(copy, batch.id);
    return published === 'done' ? made : published;
  }

  /** The copy in the target, whole and verified under its pending row. What fails here leaves nothing. */
  private async prepare(
    move: Move,
    copy: JournalledObject,
    claim: Claim,
    batch: UploadBatch,
  ): Promise<MoveOutcome | 'again'> {
    try {
      const made = await this.makeCopy(move, claim, batch);
      if (made === 'again') await this.discard(copy, batch.id);
      return made;
    } catch (error) {
      if (error instanceof FileLeftError && error.foreignObject) await this.parts.copies.withdraw(copy, batch.id);
      else await this.discard(copy, batch.id, error);
      if (!move.signal.aborted && (await this.isSuperseded(move))) return 'superseded';
      throw move.signal.aborted ? move.signal.reason : error;
    }
  }

  private async makeCopy(move: Move, claim: Claim, batch: UploadBatch): Promise<'copied' | 'reused' | 'again'> {
    const { target, file } = move;
    const found = await target.stat(file.key);
    if (found) {
      if (await this.verify(move, await wantedDigest(move, batch), batch)) return 'reused';
      if (claim === 'new') throw new FileLeftError(`${target.name} holds something else under its key`, true);
      return 'again';
    }
    if (claim !== 'new') await target.sweepUnfinished({ key: file.key, olderThan: new Date() });
    const copied = await this.parts.telemetry.step('store', copyOf(move), () => copyAcross(move, batch));
    if (!(await this.verify(move, copied, batch))) {
      throw new FileLeftError(`what was written to ${target.name} read back differently`);
    }
    return 'copied';
  }

  /** The way back to an original that an earlier migration left: it is verified, and not written again. */
  private async takeKept(move: Move, copy: JournalledObject, batch: UploadBatch): Promise<MoveOutcome | 'again'> {
    const { copies, telemetry } = this.parts;
    if ((await move.target.stat(move.file.key)) === null) {
      await copies.reopen(copy, batch.id, batch.deadline());
      return 'again';
    }
    if (!(await this.verify(move, await wantedDigest(move, batch), batch))) {
      if (await this.isSuperseded(move)) return 'superseded';
      throw new FileLeftError(`the original that ${move.target.name} kept of it is damaged`);
    }
    const published = await this.publish(move, copy, () => copies.isKept(copy));
    if (published !== 'done') return published;
    await telemetry.step('finish', copy, () => copies.forgetKept(copy));
    return 'reused';
  }

  /** Makes the owner refer to the copy, and the original a kept one. Lost races are tried again. */
  private async publish(
    move: Move,
    copy: JournalledObject,
    confirm: () => Promise<boolean>,
  ): Promise<'done' | 'superseded' | 'again'> {
    const { owners, copies, lifeCycle, telemetry } = this.parts;
    const original = counterpart(copy);
    const owner = owners[copy.slot];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const state = await owner.read(copy.place);
      const file = state && !state.deleted ? state.file : null;
      if (file && isSameObject(file, copy)) return 'done';
      if (!state || !file || !isSameObject(file, original)) {
        await lifeCycle.settleOriginal(copy, file);
        return 'superseded';
      }
      // Its own upload may have ended in a crash: what that had replaced is not forgotten.
      await lifeCycle.doomReplaced(original);
      if (!(await confirm())) {
        await lifeCycle.settleOriginal(copy, file);
        return 'again';
      }
      // From here on, should this run end, whoever decides about the copy decides about the kept row too.
      if (await copies.keep(original)) {
        const whereabouts = { storage: copy.storage, url: move.target.canonicalUrl(copy.key) };
        const moved: MediaFile = Object.assign({}, file, whereabouts);
        if (await telemetry.step('publish', copy, () => owner.relocate(copy.place, state.revision, moved)))
          return 'done';
      }
      await delay(Math.random() * MAX_PAUSE_MS);
    }
    throw new FileLeftError('its record changed without end');
  }

  private verify(move: Move, wanted: Digest, batch: UploadBatch): Promise<boolean> {
    return this.parts.telemetry.step('verify', copyOf(move), () => isWhole(move, wanted, batch));
  }

  /** Whether the owner has let go of the file: then nothing about it is worth telling. */
  private async isSuperseded({ file, place }: Move): Promise<boolean> {
    const state = await this.parts.owners[file.slot].read(place);
    return !state?.file || state.deleted || !isSameObject(state.file, file);
  }

  /** Nothing of a failed copy stays: it goes now, where its outcome is known, else by the sweeper. */
  private async discard(copy: JournalledObject, requestId: string, failure?: unknown): Promise<void> {
    const { copies, lifeCycle, telemetry } = this.parts;
    const unknownOutcome = failure instanceof LecternError && failure.code === 'STORAGE_UNAVAILABLE';
    const deleteAfter = new Date(Date.now() + SOLE_DELETION_MS);
    try {
      await telemetry.step('discard', copy, async () => {
        if ((await copies.doom(copy, requestId, deleteAfter)) && !unknownOutcome) await lifeCycle.deleteDoomed(copy);
      });
    } catch (error) {
      telemetry.logger.warn({ err: error, key: copy.key }, 'left a failed copy to the sweeper');
    }
  }
}

function copyOf({ file: { key, slot }, place, target }: Move): JournalledObject {
  return { storage: target.name, key, slot, place };
}
