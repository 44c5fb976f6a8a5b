import type { mongo } from 'mongoose';

const COLLECTION = 'unfinished_copies';
const ID = 'copy-database';

interface CopyMark {
  readonly _id: string;
  /** The source of the copy, as in `DetachedDatabase.name`. */
  readonly source: string;
}

/** A server may not start on this database, because a copy into it is not finished. */
export class CopyUnfinishedError extends Error {
  constructor(source: string) {
    super(
      `This database is an unfinished copy of ${source}. Run the command that makes it again, to finish it. To give ` +
        'it up, empty this database.',
    );
    this.name = 'CopyUnfinishedError';
  }
}

/** Returns the source of the copy that is not finished. Returns null when there is none. */
export async function unfinishedCopy(target: mongo.Db): Promise<string | null> {
  return (await target.collection<CopyMark>(COLLECTION).findOne({ _id: ID }))?.source ?? null;
}

/** Marks the target of a copy before its first record is written. */
export async function markCopy(target: mongo.Db, source: string): Promise<void> {
  await target.collection<CopyMark>(COLLECTION).updateOne({ _id: ID }, { $set: { source } }, { upsert: true });
}

/** Removes the mark. */
export async function unmarkCopy(target: mongo.Db): Promise<void> {
  await target.dropCollection(COLLECTION);
}

/** @throws {CopyUnfinishedError} when a copy into this database is not finished. */
export async function assertNoUnfinishedCopy(target: mongo.Db): Promise<void> {
  const source = await unfinishedCopy(target);
  if (source !== null) throw new CopyUnfinishedError(source);
}
