import type { Telemetry } from '../telemetry.js';
import type { Journal, UploadRow } from './journal/journal.js';
import type { LifeTiming } from './life-timing.js';
import { accountsFor, hasPublished, type SlotOwner, type SlotOwners } from './slot-owner.js';

export interface DecisionParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
}

/**
 * Decides whether an upload whose row is `expired` was published: fences the owner and looks whether it has the object.
 * Several servers may decide about the same row at the same time.
 */
export class Decision {
  constructor(private readonly parts: DecisionParts) {}

  /** Returns false, and changes nothing, for a slot that this server does not know. */
  async decide(row: UploadRow): Promise<boolean> {
    const { journal, owners, telemetry, timing } = this.parts;
    // A row of a newer server may name a slot that this one does not have.
    const owner = owners[row.slot] as SlotOwner | undefined;
    if (!owner) return false;
    const fenced = await telemetry.step('fence', row, () => owner.collection.fence(row.ownerId));
    // Updates that compare an earlier revision fail from now on, and a publisher that reads a later one finds the row expired.
    if (accountsFor(fenced, row)) {
      await telemetry.step('finish', row, () => journal.remove([row]));
      return true;
    }
    // The session may have published its file as another object: converted captions, or one that a migration has moved.
    const verdict = row.session && hasPublished(fenced, row.session.id) ? 'PUBLISHED' : undefined;
    const due = new Date(Date.now() + timing.lateMs);
    await telemetry.step('doom', row, () => journal.doomExpired(row, due, verdict));
    return true;
  }
}
