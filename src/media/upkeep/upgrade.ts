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
  /** For how long an original that a migration of version 0.1 left stays, in milliseconds: URLs of it may be out. */
  readonly keepOriginalsMs: number;
}

const LEASE = 'upgrade';
const LEASE_MS = 60_000;
/** How long a server that starts waits before it asks again whether another one has finished, in milliseconds. */
const LEASE_POLL_MS = 250;
/** How often an original is put onto its owner's list when others change the owner at the same time. */
const MAX_ATTEMPTS = 100;

/**
 * Brings a journal that version 0.1 wrote over, when a server starts. That version had rows for files that owners had
 * released or were about to release (`leaving`, `replaces`, `doomed` with `deleteAfter`), and for the originals of
 * migrations (`kept`); now the owner's own list `released` has these. Servers of that version must have stopped.
 */
export class Upgrade {
  private readonly rows = new LegacyRows();
  private readonly lease = new LeaseHolder();

  constructor(private readonly parts: UpgradeParts) {}

  /** One server does it; others wait. It costs a few look-ups when there is nothing to do. Returns how much it changed. */
  async run(): Promise<number> {
    if (!(await this.rows.areThere()) && (await this.unreleased().next()).done) return 0;
    while (!(await this.lease.take(LEASE, LEASE_MS))) await delay(LEASE_POLL_MS);
    try {
      const rows = await this.bringOver();
      let tombstones = 0;
      for await (const { collection, owner } of this.unreleased()) {
        await collection.releaseDeleted(owner, new Date());
        tombstones += 1;
      }
      this.parts.telemetry.logger.info({ rows, tombstones }, 'brought the journal of version 0.1 over');
      return rows + tombstones;
    } finally {
      await this.lease.release(LEASE);
    }
  }

  /** Deleted owners that still hold files. */
  private async *unreleased(): AsyncGenerator<{ readonly collection: OwnerCollection; readonly owner: OwnerState }> {
    for (const collection of collectionsOf(this.parts.owners)) {
      for await (const owner of collection.tombstones()) if (owner.files.length > 0) yield { collection, owner };
    }
  }

  private async bringOver(): Promise<number> {
    await this.rows.renameFields();
    let changed = 0;
    for await (const row of this.rows.all()) {
      await this.lease.take(LEASE, LEASE_MS);
      const owner = this.parts.owners[row.object.slot] as SlotOwner | undefined;
      // A slot that this version does not have: the row stays as it is, and the sweeper passes it over.
      if (!owner) continue;
      await (row.kind === 'kept' ? this.releaseOriginal(row, owner) : this.decide(row, owner));
      changed += 1;
    }
    return changed;
  }

  /** An original that a migration left under the same key in the other storage. */
  private async releaseOriginal({ object }: LegacyRow, owner: SlotOwner): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const state = await owner.read(object.place);
      if (!state || state.deleted || !state.file || state.file.key !== object.key) {
        // Its file is gone. The row is made doomed: nothing refers to the original.
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
    throw new Error(`The owner ${object.place.ownerId} changed again and again.`);
  }

  /** An upload, or the removal of a file, that did not come to its end: was it carried out? */
  private async decide({ object, replaces }: LegacyRow, owner: SlotOwner): Promise<void> {
    const { journal } = this.parts;
    await owner.collection.fence(object.place.ownerId);
    const state = await owner.read(object.place);
    const file = state && !state.deleted ? state.file : null;
    if (file && isSameObject(file, object)) {
      // Published: what it took the place of is given up, if that was not done.
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
