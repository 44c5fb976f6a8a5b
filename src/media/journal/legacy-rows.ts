import { objectOf, type PlacedObject, type UploadRow } from './journal.js';
import { objectId, type ObjectReference } from '../object-reference.js';
import { UploadRowModel } from './upload-row.model.js';

/** A row of version 0.1 that has to be converted. */
export interface LegacyRow {
  /**
   * `kept`: an original that a migration left. `open`: an unfinished upload, or a file that was about to be removed.
   */
  readonly kind: 'kept' | 'open';
  readonly object: PlacedObject;
  /** The object that the upload was to replace. */
  readonly replaces?: ObjectReference;
}

/** A row as version 0.1 wrote it. */
type OldRow = UploadRow & { readonly replaces?: ObjectReference; readonly leaving?: boolean };

/** How many rows are read at once. */
const BATCH = 100;

const KEPT = { state: 'kept' };
const OPEN = { $or: [{ leaving: { $exists: true } }, { replaces: { $exists: true } }] };
const RENAMED = { $or: [{ deleteAfter: { $exists: true } }, { requestId: { $exists: true } }] };

/**
 * The rows that version 0.1 wrote. Uses the driver, because the mongoose schema does not know their fields and states.
 */
export class LegacyRows {
  private readonly rows = UploadRowModel.collection;

  /** Returns true when there is a row of version 0.1. */
  async areThere(): Promise<boolean> {
    const found = await this.rows.findOne({ $or: [KEPT, ...OPEN.$or, ...RENAMED.$or] } as never);
    return found !== null;
  }

  /** Renames the fields of all rows: `deleteAfter` to `due`, `requestId` to `batchId`. */
  async renameFields(): Promise<void> {
    for (;;) {
      const rows = (await this.rows
        .find(RENAMED as never)
        .limit(BATCH)
        .toArray()) as unknown as (OldRow & {
        readonly deleteAfter?: Date;
        readonly requestId?: string;
      })[];
      if (rows.length === 0) return;
      for (const { _id, deleteAfter, requestId } of rows) {
        const named = {
          ...(deleteAfter && { due: deleteAfter }),
          ...(requestId !== undefined && { batchId: requestId }),
        };
        await this.rows.updateOne({ _id: _id as never }, { $set: named, $unset: { deleteAfter: 1, requestId: 1 } });
      }
    }
  }

  /** Marks a row as `doomed` and removes the fields of version 0.1. */
  async doom(object: PlacedObject): Promise<void> {
    const old = { deadline: 1, batchId: 1, requestId: 1, replaces: 1, leaving: 1 } as const;
    const now = { $set: { state: 'doomed', due: new Date() }, $unset: old };
    await this.rows.updateOne({ _id: objectId(object) as never }, now);
  }

  /** Yields every row that has to be converted, ordered by id. */
  async *all(): AsyncGenerator<LegacyRow> {
    for (let after = ''; ;) {
      const filter = { $or: [KEPT, ...OPEN.$or], _id: { $gt: after } };
      const page = (await this.rows
        .find(filter as never)
        .sort({ _id: 1 })
        .limit(BATCH)
        .toArray()) as unknown as OldRow[];
      for (const row of page) {
        const { replaces } = row;
        const kind = (row.state as string) === 'kept' ? 'kept' : 'open';
        yield { kind, object: objectOf(row), ...(replaces && { replaces }) };
      }
      const last = page.at(-1);
      if (!last || page.length < BATCH) return;
      after = last._id;
    }
  }
}
