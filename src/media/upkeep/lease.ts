import { isDuplicateKey } from '../../database/database-errors.js';
import { newId } from '../../database/ids.js';
import { LeaseModel } from './lease.model.js';

/**
 * Shares work among servers: who holds the lease does it. Nothing relies on there being only one at a time; a lease
 * only saves the others the trouble.
 */
export class LeaseHolder {
  private readonly holder = newId();

  /** Takes or renews the lease for so many milliseconds. False while another holder has it. */
  async take(work: string, forMs: number): Promise<boolean> {
    const now = Date.now();
    const free = { _id: work, $or: [{ until: { $lte: new Date(now) } }, { holder: this.holder }] };
    try {
      await LeaseModel.updateOne(
        free,
        { $set: { holder: this.holder, until: new Date(now + forMs) } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      // The lease is there and not free, so the upsert tried to insert it again.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Gives the lease back, so that the next one need not wait. */
  async release(work: string): Promise<void> {
    await LeaseModel.deleteOne({ _id: work, holder: this.holder });
  }
}
