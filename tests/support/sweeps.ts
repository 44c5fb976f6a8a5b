import { LeaseModel } from '../../src/database/lease.model.js';
import { SWEEP_LEASE } from '../../src/media/upkeep/sweeper.js';

/** The holder of the lease of sweeps while no server may sweep by itself. */
const NO_SERVER = 'no server';

/** Keeps the servers on this database from sweeping by themselves. `sweeper.sweep()` and `lectern sweep` need no lease. */
export async function preventSweeps(): Promise<void> {
  const until = new Date(Date.now() + 24 * 60 * 60 * 1_000);
  await LeaseModel.updateOne({ _id: SWEEP_LEASE }, { holder: NO_SERVER, until }, { upsert: true });
}

/** Ends the leases of servers, as if enough time had passed. */
export async function endLeases(): Promise<void> {
  await LeaseModel.updateMany({ holder: { $ne: NO_SERVER } }, { $set: { until: new Date(Date.now() - 1_000) } });
}
