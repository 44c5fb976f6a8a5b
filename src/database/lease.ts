import { isDuplicateKey } from './database-errors.js';
import { newId } from './ids.js';
import { LeaseModel } from './lease.model.js';

/**
 * Shares background work among servers: the server that holds the lease does the work. A lease only saves the other
 * servers work that would be done twice. The work itself must be safe when two servers do it at the same time.
 */
export class LeaseHolder {
  private readonly holder = newId();

  /**
   * Takes or renews the lease on some work for `forMs` milliseconds.
   * Returns false while another holder has it.
   */
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
      // The lease exists and is not free: the upsert tried to insert it a second time.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Ends the lease now, so that another server can take it at once. Does nothing when another server holds it. */
  async release(work: string): Promise<void> {
    await LeaseModel.deleteOne({ _id: work, holder: this.holder });
  }
}
