import type { mongo } from 'mongoose';
import { recogniseDatabaseError } from './database-errors.js';
import { markCopy, unfinishedCopy, unmarkCopy } from './copy-mark.js';
import { type DetachedDatabase, holdsRecords, recordCollections } from './detached-database.js';
import { digestOf, EXACT_TYPES, type RecordDigest } from './record-digest.js';

export interface CopyProgress {
  readonly collection: string;
  readonly phase: 'copying' | 'comparing';
  readonly done: number;
  readonly total: number;
}

export interface CopyOptions {
  readonly source: DetachedDatabase;
  readonly target: DetachedDatabase;
  /** Stops the copy between two batches. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CopyProgress) => void;
}

export interface CopiedCollection extends RecordDigest {
  readonly name: string;
}

/** The copy is refused, or source and target differ at its end. The message says why. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
}

/** How many documents are written at once. A document has 16 MiB at most, usually a few KiB. */
const BATCH = 200;

/**
 * Copies all records from one database to another, and compares both at the end. No server may write to the source
 * meanwhile, which would make them differ. The source is only read.
 *
 * Documents are copied in the order of their ids, so a copy that was interrupted continues behind the last id of the
 * target. A mark in the target tells such a copy from records of a server, which are never changed.
 * @returns the number and the checksum of the documents of each collection.
 * @throws {CopyError} when the source has no records, when the target has records of its own, or when both differ.
 */
export async function copyRecords({ source, target, signal, onProgress }: CopyOptions): Promise<CopiedCollection[]> {
  try {
    await assertCopyable(source, target);
    await markCopy(target.db, source.name);
    for (const name of recordCollections()) await copyCollection(name, { source, target, signal, onProgress });
    const copied: CopiedCollection[] = [];
    for (const name of recordCollections()) copied.push(await compare(name, { source, target, signal, onProgress }));
    await unmarkCopy(target.db);
    return copied;
  } catch (error) {
    throw recogniseDatabaseError(error) ?? error;
  }
}

async function assertCopyable(source: DetachedDatabase, target: DetachedDatabase): Promise<void> {
  if (!(await holdsRecords(source.db))) throw new CopyError(`${source.name} has no records. Nothing was copied.`);
  const unfinished = await unfinishedCopy(source.db);
  if (unfinished !== null) throw new CopyError(`${source.name} is itself an unfinished copy of ${unfinished}.`);
  const begun = await unfinishedCopy(target.db);
  if (begun === source.name) return;
  if (begun !== null) throw new CopyError(`${target.name} is an unfinished copy of ${begun}. Empty it first.`);
  if (await holdsRecords(target.db)) {
    throw new CopyError(`${target.name} has records already. Nothing was copied. Name an empty database.`);
  }
}

async function copyCollection(name: string, { source, target, signal, onProgress }: CopyOptions): Promise<void> {
  const [from, to] = [source.db.collection(name), target.db.collection(name)];
  const total = await from.countDocuments();
  let done = await to.countDocuments();
  const last = await to
    .find({}, { projection: { _id: 1 } })
    .sort({ _id: -1 })
    .limit(1)
    .next();
  const rest = from.find(last === null ? {} : { _id: { $gt: last._id } }, EXACT_TYPES).sort({ _id: 1 });
  let batch: mongo.Document[] = [];
  const write = async (): Promise<void> => {
    signal.throwIfAborted();
    if (batch.length > 0) await to.insertMany(batch, { ordered: true });
    done += batch.length;
    batch = [];
    onProgress({ collection: name, phase: 'copying', done, total });
  };
  for await (const document of rest.batchSize(BATCH)) {
    if (batch.push(document) >= BATCH) await write();
  }
  await write();
}

async function compare(name: string, { source, target, signal, onProgress }: CopyOptions): Promise<CopiedCollection> {
  const total = 2 * (await source.db.collection(name).countDocuments());
  let done = 0;
  const onDocument = (): void => onProgress({ collection: name, phase: 'comparing', done: ++done, total });
  const original = await digestOf(source.db.collection(name), { signal, onDocument });
  const copy = await digestOf(target.db.collection(name), { signal, onDocument });
  if (original.count !== copy.count || original.sha256 !== copy.sha256) {
    throw new CopyError(
      `${name} differs: ${original.count} documents in ${source.name}, ${copy.count} in ${target.name}` +
        `${original.count === copy.count ? ', with other contents' : ''}. ` +
        'Was a server writing meanwhile? Stop it, empty the target and run this again.',
    );
  }
  return { name, ...copy };
}
