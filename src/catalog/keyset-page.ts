import type { Model, QueryFilter } from '../database/model.js';
import {
  connection,
  decodeCursor,
  encodeCursor,
  notACursor,
  pageSize,
  type Connection,
} from '../graphql/pagination.js';
import { only } from './projection.js';

/** A record that can be listed. */
export interface ListedDocument {
  _id: string;
  /** The keys of the lists that contain it. */
  listKeys: string[];
  createdAt: Date;
  titleKey?: string;
}

export interface KeysetOrder {
  readonly field: 'createdAt' | 'titleKey';
  readonly direction: 1 | -1;
}

export interface KeysetPageOptions<D extends ListedDocument> {
  readonly model: Model<D>;
  /** The keys of the lists whose documents are returned as one list. No document may be in two of them. */
  readonly lists: readonly string[];
  readonly order: KeysetOrder;
  readonly first: number | null | undefined;
  readonly after: string | null | undefined;
  /** Further conditions, and the index to use for them instead of the indexes of the lists. */
  readonly search?: { readonly filter: QueryFilter<D>; readonly index: Readonly<Record<string, 1>> } | undefined;
  /** The paths of the fields that are read of each document. Absent: whole documents. */
  readonly paths?: readonly string[] | undefined;
}

/** A query filter for documents after a cursor. */
type Range = Readonly<Record<string, unknown>>;

/**
 * Returns a page of a list by keyset pagination: it begins after the sort values in the cursor, not after a number of
 * items. So no item is skipped or repeated when others are added or removed, and every page costs the same. Documents
 * with equal sort values are ordered by id.
 */
export async function keysetPage<D extends ListedDocument>(options: KeysetPageOptions<D>): Promise<Connection<D>> {
  const { order, after } = options;
  const size = pageSize(options.first);
  const found = options.search ? await searched(options, size + 1) : await listed(options, size + 1);
  return connection({
    found: found.sort((a, b) => order.direction * compare(a, b, order.field)),
    size,
    after,
    cursorOf: (item) => encodeCursor([sortValue(item, order.field), item._id]),
    count: () => count(options),
  });
}

/**
 * Reads the first documents after the cursor from each list. Each query is one range of an index. All are sent at once: the
 * first range, of documents with the same sort value as the cursor, is nearly always empty, so waiting for it would only
 * make every page but the first slower.
 */
async function listed<D extends ListedDocument>(options: KeysetPageOptions<D>, limit: number): Promise<D[]> {
  const { lists, order, after } = options;
  const pages = lists.map(async (listKeys) => {
    const ranges = rangesAfter(order, after).map((range) => read(options, { listKeys, ...range }, limit));
    return (await Promise.all(ranges)).flat().slice(0, limit);
  });
  return (await Promise.all(pages)).flat();
}

/** Reads the results of a search, sorted by the database, with one command for all lists. */
async function searched<D extends ListedDocument>(options: KeysetPageOptions<D>, limit: number): Promise<D[]> {
  const { lists, order, after, search } = options;
  const afterCursor = { $or: rangesAfter(order, after) };
  return read(options, { $and: [{ listKeys: { $in: lists } }, search?.filter ?? {}, afterCursor] }, limit);
}

function read<D extends ListedDocument>(
  { model, order, search, paths }: KeysetPageOptions<D>,
  filter: Range,
  limit: number,
): Promise<D[]> {
  // A cursor contains the sort value.
  const projection = paths ? only([...paths, order.field]) : {};
  const query = model
    .find(filter as QueryFilter<D>, projection)
    .sort({ [order.field]: order.direction, _id: order.direction })
    .limit(limit)
    .batchSize(limit);
  return (search ? query.hint(search.index) : query).lean<D[]>();
}

async function count<D extends ListedDocument>({ model, lists, search }: KeysetPageOptions<D>): Promise<number> {
  if (search) {
    const filter = { $and: [{ listKeys: { $in: lists } }, search.filter] } as QueryFilter<D>;
    return model.countDocuments(filter).hint(search.index);
  }
  const counts = await Promise.all(
    lists.map((listKeys) => model.countDocuments({ listKeys } as unknown as QueryFilter<D>)),
  );
  return counts.reduce((sum, one) => sum + one, 0);
}

function sortValue(item: ListedDocument, field: KeysetOrder['field']): string | number {
  return field === 'createdAt' ? item.createdAt.getTime() : (item.titleKey ?? '');
}

function compare(a: ListedDocument, b: ListedDocument, field: KeysetOrder['field']): number {
  const [x, y] = [sortValue(a, field), sortValue(b, field)];
  const order = typeof x === 'string' ? compareBytes(x, String(y)) : x - Number(y);
  return order === 0 ? compareBytes(a._id, b._id) : order;
}

/** Compares strings as the database does, by their UTF-8 bytes. JavaScript compares UTF-16 code units. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Returns filters for the documents after a cursor, in list order: first those with the cursor's sort value and a later
 * id, then those with a later sort value.
 */
function rangesAfter({ field, direction }: KeysetOrder, after: string | null | undefined): Range[] {
  if (after === null || after === undefined) return [{}];
  const [value, id] = decodeCursor(after, [field === 'createdAt' ? 'number' : 'string', 'string']);
  const bound = field === 'createdAt' ? new Date(Number(value)) : value;
  if (bound instanceof Date && Number.isNaN(bound.getTime())) throw notACursor();
  const later = direction === 1 ? '$gt' : '$lt';
  return [{ [field]: bound, _id: { [later]: id } }, { [field]: { [later]: bound } }];
}
