import type { Storage } from '../../storage/storage.js';
import { counterpart, type CopyJournal } from '../journal/copy-journal.js';
import {
  isSameObject,
  objectOf,
  placeOf,
  type Journal,
  type MediaObject,
  type ObjectReference,
  type RowState,
} from '../journal/journal.js';
import type { LifeCycle } from '../life-cycle.js';
import type { MediaFile } from '../media-file.model.js';
import type { OwnerState, SlotOwners } from '../slot-owner.js';
import { digestOf, holds } from './digest.js';
import { FileLeftError } from './file-copy.js';
import { SOLE_DELETION_MS } from './file-mover.js';

export interface KeptOriginalsParts {
  readonly owners: SlotOwners;
  readonly journal: Journal;
  readonly copies: CopyJournal;
  readonly lifeCycle: LifeCycle;
}

/** From where an original goes, and where the copy has to be. */
export interface Deletion {
  readonly from: Storage;
  readonly current: Storage;
  readonly signal: AbortSignal;
}

/** How many rows are held at once. */
const BATCH = 100;

/** The originals that migrations left: which there are, and how they go. */
export class KeptOriginals {
  constructor(private readonly parts: KeptOriginalsParts) {}

  /** Every original in a storage, in bounded memory. */
  in(storage: Storage): AsyncGenerator<MediaObject> {
    return this.rows(storage, ['kept']);
  }

  /** What a run left that was ended right after a file had come to this storage: the row of its copy. */
  async settleMoved(storage: Storage): Promise<void> {
    const { copies, lifeCycle, owners } = this.parts;
    for await (const row of this.rows(storage, ['pending', 'kept'])) {
      if (!isLive(await this.read(row), row)) continue;
      if (row.state === 'pending') {
        await lifeCycle.settlePublished(row);
        continue;
      }
      await copies.forgetKept(row);
      // A move away that had seen the row can no longer succeed; if it did before, the row is right after all.
      const state = await owners[row.slot].fence(placeOf(row));
      if (isLive(state, counterpart(row))) await copies.keep(objectOf(row));
    }
  }

  /**
   * Deletes an original, after the copy that its owner refers to was read and found whole; and one whose file is gone.
   * False: someone else did. Rejects with FileLeftError when it has to stay.
   */
  async delete(row: MediaObject, { from, current, signal }: Deletion): Promise<boolean> {
    const { copies, journal, lifeCycle, owners } = this.parts;
    const state = await this.read(row);
    if (isLive(state, row)) throw new FileLeftError('its record still refers to it');
    if (state?.file && isLive(state, counterpart(row)) && !(await isWhole(state.file, { from, current, signal }))) {
      throw new FileLeftError(`the copy in ${current.name} is missing or damaged`);
    }
    if (!(await copies.doomKept(row, new Date(Date.now() + SOLE_DELETION_MS)))) return false;
    // Nobody comes back to a doomed one. Who did so just before is seen behind the fence, and the object stays.
    if (state && isLive(await owners[row.slot].fence(placeOf(row)), row)) await journal.removeDoomed(row);
    else await lifeCycle.deleteDoomed(row);
    return true;
  }

  private async *rows(storage: Storage, states: readonly RowState[]): AsyncGenerator<MediaObject> {
    for (let after = ''; ;) {
      const rows = await this.parts.copies.rows(storage.name, states, after, BATCH);
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      after = last._id;
    }
  }

  private read(row: MediaObject): Promise<OwnerState | null> {
    return this.parts.owners[row.slot].read(placeOf(row));
  }
}

function isLive(state: OwnerState | null, object: ObjectReference): boolean {
  return !!state?.file && !state.deleted && isSameObject(state.file, object);
}

async function isWhole(file: MediaFile, { from, current, signal }: Deletion): Promise<boolean> {
  const { key, size } = file;
  const ignore = (): void => undefined;
  // A record without a checksum: then the original says what its copy has to be.
  const sha256 = file.sha256 ?? (await digestOf(await from.open(key, { signal }), ignore)).sha256;
  return holds(current, key, { size, sha256 }, signal, ignore);
}
