import { LecternError } from '../../errors.js';
import type { Storage } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import { keyName } from '../content/names.js';
import type { Intake } from '../intake.js';
import type { PlacedObject } from '../journal/journal.js';
import type { LifeCycle } from '../life-cycle.js';
import { fileId, type MediaFile } from '../media-file.model.js';
import { isSameObject } from '../object-reference.js';
import type { OwnedFile, PlaceState, SlotOwners } from '../slot-owner.js';
import type { MediaSlot, SlotRules } from '../slots.js';
import { copyVerified, FileLeftError } from './file-copy.js';

export interface FileMoverParts {
  readonly owners: SlotOwners;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
  readonly intake: Intake;
  readonly lifeCycle: LifeCycle;
  readonly telemetry: Telemetry;
}

/** The move of one file. */
export interface Move extends OwnedFile {
  readonly source: Storage;
  readonly target: Storage;
  /** How long the original stays readable after the move, in milliseconds. */
  readonly keepMs: number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/**
 * - `moved`: the owner refers to a verified copy in the target
 * - `superseded`: the file was replaced, removed or moved by another process meanwhile; the target has no copy
 */
export type MoveOutcome = 'moved' | 'superseded';

/** How often a move is attempted when its copy was swept or its original was moved meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Moves one file to another storage. A move replaces a file by a copy of itself: the copy is stored under a new key in
 * the target, verified, and published if the owner still has the same file; the original is released. Uploads,
 * replacements, deletions and other moves of the same file may run at the same time.
 */
export class FileMover {
  constructor(private readonly parts: FileMoverParts) {}

  /** Rejects with FileLeftError when the file cannot be moved, and with the signal's reason when the signal aborts. */
  async move(move: Move): Promise<MoveOutcome> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      move.signal.throwIfAborted();
      const file = await this.stillInSource(move);
      if (!file) return 'superseded';
      try {
        await this.attempt({ ...move, file });
        return 'moved';
      } catch (error) {
        if (move.signal.aborted) throw move.signal.reason;
        // The place holds another file, which the next attempt finds out, or the sweeper has given up the copy's row.
        if (error instanceof LecternError && (error.code === 'NOT_FOUND' || error.code === 'UPLOAD_EXPIRED')) continue;
        // The original may have been deleted while it was copied, because its file was replaced or removed.
        const now = await this.stillInSource(move);
        if (!now) return 'superseded';
        if (isSameObject(now, file)) throw error;
      }
    }
    throw new FileLeftError(`it changed, or its copy was deleted, in each of ${String(MAX_ATTEMPTS)} attempts`);
  }

  private async attempt({ place, file, source, target, keepMs, signal, onBytes }: Move): Promise<void> {
    const { intake, lifeCycle, slots, telemetry } = this.parts;
    const key = `${slots[file.slot].prefix}/${place.ownerId}/${keyName(file.filename, extensionOf(file))}`;
    const object: PlacedObject = { storage: target.name, key, slot: file.slot, place };
    const batch = intake.newBatch(signal);
    try {
      await intake.storeUnderRow(object, batch, (assertTimeLeft) =>
        telemetry.step('copy', object, () =>
          copyVerified({ file, source, target, key, batch, beforePut: assertTimeLeft, onBytes }),
        ),
      );
      const location = { id: fileId(file), storage: target.name, key };
      const moved: MediaFile = Object.assign({}, file, location);
      const may = (state: PlaceState): boolean => state.file !== null && isSameObject(state.file, file);
      await lifeCycle.publish({ object, file: moved, facts: undefined }, { keepMs, may });
    } finally {
      batch.end();
    }
  }

  /**
   * Reads the file from its owner.
   * Returns undefined when it was replaced or removed, or is no longer in the source.
   */
  private async stillInSource({ place, file, source }: Move): Promise<MediaFile | undefined> {
    const state = await this.parts.owners[file.slot].read(place);
    const now = state && !state.deleted ? state.file : null;
    return now && fileId(now) === fileId(file) && now.storage === source.name ? now : undefined;
  }
}

/** The extension of a file's key, which the upload chose by the content. */
function extensionOf({ key }: MediaFile): string {
  return /\.(\w+)$/.exec(key)?.[1] ?? 'bin';
}
