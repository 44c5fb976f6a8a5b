import type { Model, QueryFilter } from '../database/model.js';
import {
  connection,
  decodeCursor,
  encodeCursor,
  notACursor,
  pageSize,
  type Connection,
} from '../graphql/pagination.js';

/** A record that lists are made of. */
export interface ListedDocument {
  _id: string;
  /** The lists it is in. */
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
  /** The lists that are shown as one. No document is in two of them. */
  readonly lists: readonly string[];
  readonly order: KeysetOrder;
  readonly first: number | null | undefined;
  readonly after: string | null | undefined;
  /** Further conditions, and the index that finds what meets them: then the lists' own indexes are of no use. */
  readonly search?: { readonly filter: QueryFilter<D>; readonly index: Readonly<Record<string, 1>> } | undefined;
  /** Fields that a reader has no use for. */
  readonly without: readonly (keyof D & string)[];
}

/** Conditions that are met by what lies behind a cursor. */
type Range = Readonly<Record<string, unknown>>;

/**
 * A page of a list by keyset: it begins after the sort values of a cursor, not after a number of items, so it is stable
 * when items come and go and costs the same on every page. Equal sort values are told apart by id.
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

/** The beginnings of all lists, each read as one range of an index behind the other. */
async function listed<D extends ListedDocument>(options: KeysetPageOptions<D>, limit: number): Promise<D[]> {
  const { lists, order, after } = options;
  const pages = lists.map(async (listKeys) => {
    const page: D[] = [];
    for (const range of rangesAfter(order, after)) {
      if (page.length < limit) page.push(...(await read(options, { listKeys, ...range }, limit - page.length)));
    }
    return page;
  });
  return (await Promise.all(pages)).flat();
}

/** What a search finds is read whole and sorted by the database: one command, however many lists. */
async function searched<D extends ListedDocument>(options: KeysetPageOptions<D>, limit: number): Promise<D[]> {
  const { lists, order, after, search } = options;
  const behind = { $or: rangesAfter(order, after) };
  return read(options, { $and: [{ listKeys: { $in: lists } }, search?.filter ?? {}, behind] }, limit);
}

function read<D extends ListedDocument>(
  { model, order, search, without }: KeysetPageOptions<D>,
  filter: Range,
  limit: number,
): Promise<D[]> {
  const projection = Object.fromEntries(without.map((field) => [field, 0 as const]));
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

/** As the database sorts strings: by the bytes of their UTF-8. JavaScript compares UTF-16, which differs beyond the BMP. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What lies behind a cursor, in order: the rest of those with its own sort value, then those with values beyond. */
function rangesAfter({ field, direction }: KeysetOrder, after: string | null | undefined): Range[] {
  if (after === null || after === undefined) return [{}];
  const [value, id] = decodeCursor(after, [field === 'createdAt' ? 'number' : 'string', 'string']);
  const bound = field === 'createdAt' ? new Date(Number(value)) : value;
  if (bound instanceof Date && Number.isNaN(bound.getTime())) throw notACursor();
  const beyond = direction === 1 ? '$gt' : '$lt';
  return [{ [field]: bound, _id: { [beyond]: id } }, { [field]: { [beyond]: bound } }];
}
