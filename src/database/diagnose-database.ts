import mongoose from 'mongoose';
import { examine, ok, warning, type Diagnosis, type Outcome } from '../diagnosis.js';
import { connectedDatabase } from './detached-database.js';

/** The name by which the embedded database can be recognised, in `modules` of `buildInfo`. */
const EMBEDDED_MODULE = 'lectern-embedded';

/** The accepted difference between the clocks, in milliseconds. The deadlines of uploads are several minutes. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

const UNREACHABLE = 'Is it running, and is MONGODB_URI right?';

/** How many copies of the records there are. */
export interface ReplicaFacts {
  readonly embedded: boolean;
  /** The name of the replica set. Undefined when the server is a member of none. */
  readonly setName: string | undefined;
  /** How many members of the replica set have data. */
  readonly members: number;
  /** A router of a sharded cluster, which does not tell its members. */
  readonly sharded: boolean;
}

/** What the database server reports about itself. */
interface Server extends ReplicaFacts {
  readonly version: string;
}

/** Checks the connected database: version, indexes, clock and write concern; in production also the replica set. */
export async function* diagnoseDatabase({ production = false } = {}): AsyncGenerator<Diagnosis> {
  let server: Server | undefined;
  yield await examine('database', UNREACHABLE, async () => {
    server = await askServer();
    const { version, embedded, setName } = server;
    if (embedded) return ok('The embedded database answers.');
    return ok(`MongoDB ${version} answers${setName === undefined ? '' : `, replica set ${setName}`}.`);
  });
  if (server === undefined) return;
  const { embedded, setName } = server;
  if (production) yield { check: 'replica set', ...replicaSet(server) };
  yield await examine('database indexes', UNREACHABLE, indexes);
  yield await examine('database clock', UNREACHABLE, clock);
  yield await examine('write concern', UNREACHABLE, () =>
    embedded ? Promise.resolve(ok('Acknowledged writes are on the disk.')) : writeConcern(setName !== undefined),
  );
}

/** Do records survive the loss of a machine, and is there a majority while one is away? */
export function replicaSet({ embedded, sharded, setName, members }: ReplicaFacts): Outcome {
  const backUp = 'Run a replica set of three, or make backups often (docs/backup.md).';
  if (embedded) return warning('The embedded database has one copy of the records, on this machine.', backUp);
  if (sharded) return ok('MongoDB is a sharded cluster.');
  if (setName === undefined) return warning('MongoDB is no replica set: it has one copy of the records.', backUp);
  if (members < 3) {
    return warning(`The replica set has ${members} members with data: it has no majority while one is away.`, backUp);
  }
  return ok(`The replica set has ${members} members with data.`);
}

async function askServer(): Promise<Server> {
  const [hello, build] = [
    await connectedDatabase().command({ hello: 1 }),
    await connectedDatabase().command({ buildInfo: 1 }),
  ];
  const { setName, hosts = [], msg } = hello as { setName?: string; hosts?: readonly string[]; msg?: string };
  const { version, modules = [] } = build as unknown as { version: string; modules?: readonly string[] };
  return {
    version,
    embedded: modules.includes(EMBEDDED_MODULE),
    members: hosts.length,
    sharded: msg === 'isdbgrid',
    setName,
  };
}

async function indexes(): Promise<Outcome> {
  const missing: string[] = [];
  for (const model of Object.values(mongoose.models)) {
    const { toCreate } = await model.diffIndexes();
    if (toCreate.length > 0) missing.push(`${toCreate.length} of ${model.collection.name}`);
  }
  if (missing.length === 0) return ok('All indexes exist.');
  return warning(`Indexes are missing: ${missing.join(', ')}.`, 'The server creates them at its next start.');
}

/** Compares this machine's clock with the clock of the database, whose time is in the reply to `hello`. */
async function clock(): Promise<Outcome> {
  const before = Date.now();
  const { localTime } = (await connectedDatabase().command({ hello: 1 })) as { localTime?: unknown };
  const after = Date.now();
  if (!(localTime instanceof Date)) return ok('The database does not report its time.');
  const differenceMs = clockDifference(localTime.getTime(), { before, after });
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS)
    return ok('The clocks of this machine and the database agree.');
  const seconds = Math.round(Math.abs(differenceMs) / 1_000);
  return warning(
    `This machine's clock is ${seconds} seconds ${differenceMs > 0 ? 'behind' : 'ahead of'} the database's.`,
    'Set both clocks by NTP. With a wrong clock, uploads expire too early, or replaced files are deleted too early.',
  );
}

/**
 * Returns how far another clock is ahead of ours, in milliseconds. The result is negative when it is behind, and 0 when
 * its time is between `before` and `after`, the times by our clock at which the other was asked and its reply arrived.
 */
export function clockDifference(
  other: number,
  { before, after }: { readonly before: number; readonly after: number },
): number {
  return Math.max(0, other - after) - Math.max(0, before - other);
}

/** Checks the write concern of the connection, or the server's default when the connection string sets none. */
async function writeConcern(replicated: boolean): Promise<Outcome> {
  const asked = connectedDatabase().writeConcern;
  const w = asked?.w ?? (await defaultW());
  const journalled = asked?.journal ?? w === 'majority';
  if (replicated && w === 1) {
    return warning('Write concern w=1: a failover can undo acknowledged writes.', 'Add w=majority to MONGODB_URI.');
  }
  if (!journalled) {
    return warning(
      'Writes are acknowledged before they are in the journal: a power cut can undo the last of them.',
      'Add w=majority or journal=true to MONGODB_URI.',
    );
  }
  return ok(`Write concern w=${String(w)}: acknowledged writes are kept.`);
}

/** Since MongoDB 5.0 the default is majority, unless an administrator changed it. */
async function defaultW(): Promise<unknown> {
  try {
    const answer = await mongoose.connection.getClient().db('admin').command({ getDefaultRWConcern: 1 });
    const { defaultWriteConcern } = answer as { defaultWriteConcern?: { w?: unknown } };
    return defaultWriteConcern?.w ?? 1;
  } catch (error) {
    // This user may not run the command, or the server does not have it: a standalone server has no such default.
    if (error instanceof mongoose.mongo.MongoServerError) return 1;
    throw error;
  }
}
