import type DataLoader from 'dataloader';
import type { Model } from '../database/model.js';
import { connection, decodeCursor, encodeCursor, pageSize, type Connection } from '../graphql/pagination.js';
import { only, type Projection } from './projection.js';
import { recordsById } from './records-by-id.js';

/** A request for one page of one parent's children. */
export interface ChildrenRequest {
  /** The parent's list of children, which gives their order. */
  readonly ids: readonly string[];
  readonly first: number | null | undefined;
  readonly after: string | null | undefined;
  readonly count: () => Promise<number>;
  /** The paths of the fields that are read of each child. Absent: whole records. */
  readonly paths?: readonly string[] | undefined;
}

interface ChildDocument {
  _id: string;
  deletedAt?: Date;
}

/** How many previous siblings a cursor contains, so that it still works when its own item was deleted. */
const CURSOR_SIBLINGS = 4;

/**
 * Returns a function that reads pages of children, in the order of the parent's list. The children of all parents that
 * a request asks for at the same time, with the same fields, are read with one database command. Ids of deleted or
 * missing children are skipped.
 */
export function orderedChildren<D extends ChildDocument>(
  model: Model<D>,
): (request: ChildrenRequest) => Promise<Connection<D>> {
  const loaders = new Map<string, DataLoader<string, D | null>>();
  const loaderOf = (projection: Projection): DataLoader<string, D | null> => {
    const key = Object.keys(projection).join(' ');
    const loader = loaders.get(key) ?? recordsById(model, projection);
    loaders.set(key, loader);
    return loader;
  };

  return async ({ ids, first, after, count, paths }) => {
    const records = loaderOf(paths ? only(paths) : {});
    const size = pageSize(first);
    let next = startAfter(ids, after);
    const found: { record: D; index: number }[] = [];
    while (found.length <= size && next < ids.length) {
      const wanted = ids.slice(next, next + size + 1 - found.length);
      const loaded = await Promise.all(wanted.map((id) => records.load(id)));
      for (const [offset, record] of loaded.entries()) {
        if (record) found.push({ record, index: next + offset });
      }
      next += wanted.length;
    }
    const indexOf = new Map(found.map(({ record, index }) => [record, index]));
    return connection({
      found: found.map(({ record }) => record),
      size,
      after,
      count,
      cursorOf: (record) => cursorAt(ids, indexOf.get(record) ?? 0),
    });
  };
}

/** A cursor contains the ids of its item and of the siblings before it, the nearest first, and the item's position. */
function cursorAt(ids: readonly string[], index: number): string {
  const before = ids.slice(Math.max(0, index - CURSOR_SIBLINGS), index + 1).reverse();
  return encodeCursor([before.join(' '), index]);
}

/**
 * Returns the position at which the page after a cursor begins: after the first of the cursor's ids that is still in
 * the list. If none is, the position that the item had.
 */
function startAfter(ids: readonly string[], after: string | null | undefined): number {
  if (after === null || after === undefined) return 0;
  const [siblings, index] = decodeCursor(after, ['string', 'number']);
  for (const id of String(siblings).split(' ')) {
    const at = ids.indexOf(id);
    if (at >= 0) return at + 1;
  }
  return Math.max(0, Math.min(Math.trunc(Number(index)), ids.length));
}
