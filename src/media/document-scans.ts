import type { Model } from '../database/model.js';
import type { OwnerDocument } from './slot-owner.js';

type Documents = Model<OwnerDocument>;
type Filter = Readonly<Record<string, unknown>>;
type Projection = Readonly<Record<string, number>>;

/** How many tombstones are read at once. */
const BATCH = 100;

/** How many documents one command examines when no index helps to find them. */
const WINDOW = 200;

/**
 * Yields every tombstone, the oldest first, in bounded memory. Reads them in the order of their index: in the order of ids,
 * the database would read all documents.
 */
export async function* tombstonesIn(documents: Documents, projection: Projection): AsyncGenerator<OwnerDocument> {
  for (let filter: Filter = { deletedAt: { $exists: true } }; ;) {
    const page = await documents
      .find(filter, projection)
      .sort({ deletedAt: 1, _id: 1 })
      .limit(BATCH)
      .lean<OwnerDocument[]>();
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < BATCH) return;
    const { _id, deletedAt } = last;
    filter = { deletedAt: { $gte: deletedAt }, $or: [{ deletedAt: { $gt: deletedAt } }, { _id: { $gt: _id } }] };
  }
}

/**
 * Yields every document that matches a filter, ordered by id, where no index helps to find them. Each command looks through
 * one window of ids. One command for all of them could take longer than its time-out when few match, and the embedded
 * database, which carries out one command at a time, would answer nobody meanwhile. One cursor would not do either: the
 * database closes a cursor that has not been used for ten minutes, and the reader may need longer for the files.
 */
export async function* documentsIn(
  documents: Documents,
  filter: Filter,
  projection: Projection,
): AsyncGenerator<OwnerDocument> {
  for (let after: string | undefined = ''; after !== undefined;) {
    const end = await endOfWindow(documents, after);
    const window: Filter = { $gt: after, ...(end !== undefined && { $lte: end }) };
    yield* await documents
      .find({ ...filter, _id: window }, projection)
      .sort({ _id: 1 })
      .batchSize(WINDOW + 1)
      .lean<OwnerDocument[]>();
    after = end;
  }
}

/** The id of the last document of the window that begins after an id. Undefined when it is the last window. */
async function endOfWindow(documents: Documents, after: string): Promise<string | undefined> {
  const [last] = await documents
    .find({ _id: { $gt: after } }, { _id: 1 })
    .sort({ _id: 1 })
    .skip(WINDOW - 1)
    .limit(1)
    .lean<OwnerDocument[]>();
  return last?._id;
}
