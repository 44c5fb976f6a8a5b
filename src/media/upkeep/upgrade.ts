import { setTimeout as delay } from 'node:timers/promises';
import type { Telemetry } from '../../telemetry.js';
import type { Journal } from '../journal/journal.js';
import { LegacyRows, type LegacyRow } from '../journal/legacy-rows.js';
import { fileId, type MediaFile } from '../media-file.model.js';
import { isSameObject, type ObjectReference } from '../object-reference.js';
import type { ReleasedObject } from '../owner-record.model.js';
import {
  accountsFor,
  collectionsOf,
  type OwnerCollection,
  type OwnerState,
  type SlotOwner,
  type SlotOwners,
} from '../slot-owner.js';
import { LeaseHolder } from '../../database/lease.js';

export interface UpgradeParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly telemetry: Telemetry;
  /** How long originals that migrations of version 0.1 left stay readable, in milliseconds: clients may have URLs. */
  readonly keepOriginalsMs: number;
  /** How long other servers cannot start after a server died during the upgrade, in milliseconds. */
  readonly leaseMs: number;
}

const LEASE = 'upgrade';
/** How often a starting server checks whether another server has finished the upgrade, in milliseconds. */
const LEASE_POLL_MS = 250;
/** How often adding an original to its owner's `released` is attempted when other requests change the owner. */
const MAX_ATTEMPTS = 100;

/**
 * Converts the journal of version 0.1 when a server starts. That version had rows for files that owners had released or
 * were about to release (`leaving`, `replaces`, `doomed` with `deleteAfter`) and for originals of migrations (`kept`).
 * Now these are on the owner's list `released`. Servers of version 0.1 must have stopped.
 */
export class Upgrade {
  private readonly rows = new LegacyRows();
  private readonly lease = new LeaseHolder();

  constructor(private readonly parts: UpgradeParts) {}

  /**
   * Upgrades the database. If several servers start, one does the work and the others wait. When there is nothing to do
   * it costs a few queries. Returns the number of changed rows and records.
   */
  async run(): Promise<number> {
    if (!(await this.rows.areThere()) && (await this.unreleased().next()).done) return 0;
    while (!(await this.lease.take(LEASE, this.parts.leaseMs))) await delay(LEASE_POLL_MS);
    try {
      const rows = await this.convertRows();
      let tombstones = 0;
      for await (const { collection, owner } of this.unreleased()) {
        await collection.releaseDeleted(owner, new Date());
        tombstones += 1;
      }
      this.parts.telemetry.logger.info({ rows, tombstones }, 'upgraded the journal of version 0.1');
      return rows + tombstones;
    } finally {
      await this.lease.release(LEASE);
    }
  }

  /** Yields deleted owners that still hold files. */
  private async *unreleased(): AsyncGenerator<{ readonly collection: OwnerCollection; readonly owner: OwnerState }> {
    for (const collection of collectionsOf(this.parts.owners)) {
      for await (const owner of collection.tombstones()) if (owner.files.length > 0) yield { collection, owner };
    }
  }

  private async convertRows(): Promise<number> {
    await this.rows.renameFields();
    let changed = 0;
    for await (const row of this.rows.all()) {
      await this.lease.take(LEASE, this.parts.leaseMs);
      const owner = this.parts.owners[row.object.slot] as SlotOwner | undefined;
      // This version does not know the slot. The row stays, and the sweeper skips it.
      if (!owner) continue;
      await (row.kind === 'kept' ? this.releaseOriginal(row, owner) : this.decide(row, owner));
      changed += 1;
    }
    return changed;
  }

  /** Puts an original that a migration of version 0.1 left, under the file's key, onto its owner's list `released`. */
  private async releaseOriginal({ object }: LegacyRow, owner: SlotOwner): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const state = await owner.read(object.place);
      if (!state || state.deleted || !state.file || state.file.key !== object.key) {
        // Its file was replaced or deleted, so nothing refers to the original.
        await this.rows.doom(object);
        return;
      }
      const noted =
        accountsFor(state, object) || (await owner.collection.release(state, this.entryOf(state.file, object)));
      if (noted) {
        await this.parts.journal.remove([object]);
        return;
      }
    }
    throw new Error(`The owner ${object.place.ownerId} was changed by others in ${MAX_ATTEMPTS} attempts.`);
  }

  /** Settles an unfinished upload, or an unfinished removal of a file. */
  private async decide({ object, replaces }: LegacyRow, owner: SlotOwner): Promise<void> {
    const { journal } = this.parts;
    await owner.collection.fence(object.place.ownerId);
    const state = await owner.read(object.place);
    const file = state && !state.deleted ? state.file : null;
    if (file && isSameObject(file, object)) {
      // It was published. The object that it replaced may not have been given up yet.
      if (replaces && !isSameObject(replaces, file)) await journal.discard({ ...object, ...replaces }, new Date());
      await journal.remove([object]);
    } else if (state && accountsFor(state, object)) {
      await journal.remove([object]);
    } else {
      await this.rows.doom(object);
    }
  }

  private entryOf(file: MediaFile, { storage, key }: ObjectReference): ReleasedObject {
    return { storage, key, fileId: fileId(file), due: new Date(Date.now() + this.parts.keepOriginalsMs) };
  }
}
