import mongoose from 'mongoose';
import { examine, ok, warning, type Diagnosis, type Outcome } from '../diagnosis.js';

/** What the embedded database calls itself among the modules of its build. */
const EMBEDDED_MODULE = 'lectern-embedded';

/** Deadlines of uploads are minutes, and clocks may differ by less than this, in milliseconds. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

const UNREACHABLE = 'Is it running, and is MONGODB_URI right?';

/** What the database server says of itself. */
interface Server {
  readonly version: string;
  readonly embedded: boolean;
  /** Of a member of a replica set. */
  readonly setName?: string;
}

/** Everything that the connected database must be and do for Lectern. */
export async function* diagnoseDatabase(): AsyncGenerator<Diagnosis> {
  let server: Server | undefined;
  yield await examine('database', UNREACHABLE, async () => {
    server = await askServer();
    const { version, embedded, setName } = server;
    if (embedded) return ok('The embedded database answers.');
    return ok(`MongoDB ${version} answers${setName === undefined ? '' : `, replica set ${setName}`}.`);
  });
  if (server === undefined) return;
  const { embedded, setName } = server;
  yield await examine('database indexes', UNREACHABLE, indexes);
  yield await examine('database clock', UNREACHABLE, clock);
  yield await examine('write concern', UNREACHABLE, () =>
    embedded ? Promise.resolve(ok('What is acknowledged is on the disk.')) : writeConcern(setName !== undefined),
  );
}

function database(): mongoose.mongo.Db {
  const { db } = mongoose.connection;
  if (!db) throw new Error('There is no connection to a database.');
  return db;
}

async function askServer(): Promise<Server> {
  const [hello, build] = [await database().command({ hello: 1 }), await database().command({ buildInfo: 1 })];
  const { setName } = hello as { setName?: string };
  const { version, modules = [] } = build as unknown as { version: string; modules?: readonly string[] };
  return { version, embedded: modules.includes(EMBEDDED_MODULE), ...(setName !== undefined && { setName }) };
}

async function indexes(): Promise<Outcome> {
  const missing: string[] = [];
  for (const model of Object.values(mongoose.models)) {
    const { toCreate } = await model.diffIndexes();
    if (toCreate.length > 0) missing.push(`${toCreate.length} of ${model.collection.name}`);
  }
  if (missing.length === 0) return ok('All indexes are there.');
  return warning(`Indexes are missing: ${missing.join(', ')}.`, 'The next start of the server makes them.');
}

/** Compares this machine's clock with the database's, which says its time in the answer to `hello`. */
async function clock(): Promise<Outcome> {
  const before = Date.now();
  const { localTime } = (await database().command({ hello: 1 })) as { localTime?: unknown };
  const after = Date.now();
  if (!(localTime instanceof Date)) return ok('The database does not say what time it is.');
  const differenceMs = clockDifference(localTime.getTime(), { before, after });
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS)
    return ok('The clocks of this machine and the database agree.');
  const seconds = Math.round(Math.abs(differenceMs) / 1_000);
  return warning(
    `This machine's clock is ${seconds} seconds ${differenceMs > 0 ? 'behind' : 'ahead of'} the database's.`,
    'Set the clocks of both by NTP: with a wrong one, uploads are given up too early or replaced files kept too short.',
  );
}

/**
 * How far the other clock is ahead of ours, in milliseconds; negative when it is behind. `before` and `after` are the
 * times by our clock between which the other was asked: within them nobody can say which clock is wrong.
 */
export function clockDifference(
  other: number,
  { before, after }: { readonly before: number; readonly after: number },
): number {
  return Math.max(0, other - after) - Math.max(0, before - other);
}

/** Of the connection, or of the server where the connection string does not say. */
async function writeConcern(replicated: boolean): Promise<Outcome> {
  const asked = database().writeConcern;
  const w = asked?.w ?? (await defaultW());
  const journalled = asked?.journal ?? w === 'majority';
  if (replicated && w === 1) {
    return warning(
      'Write concern w=1: a failover can take back what clients were told is done.',
      'Put w=majority into MONGODB_URI.',
    );
  }
  if (!journalled) {
    return warning(
      'Writes are acknowledged before they are in the journal: a power cut can take back the last of them.',
      'Put w=majority or journal=true into MONGODB_URI.',
    );
  }
  return ok(`Write concern w=${String(w)}: what is acknowledged stays.`);
}

/** Since MongoDB 5.0 the default is majority, unless an administrator set another. */
async function defaultW(): Promise<unknown> {
  try {
    const answer = await mongoose.connection.getClient().db('admin').command({ getDefaultRWConcern: 1 });
    const { defaultWriteConcern } = answer as { defaultWriteConcern?: { w?: unknown } };
    return defaultWriteConcern?.w ?? 1;
  } catch (error) {
    // Refused to this user, or unknown to this server: a standalone has no such default.
    if (error instanceof mongoose.mongo.MongoServerError) return 1;
    throw error;
  }
}
