import type DataLoader from 'dataloader';
import type { Model } from '../database/model.js';
import { connection, decodeCursor, encodeCursor, pageSize, type Connection } from '../graphql/pagination.js';
import { recordsById } from './records-by-id.js';

/** The page of one parent's children. */
export interface ChildrenRequest {
  /** The order that the parent keeps. */
  readonly ids: readonly string[];
  readonly first: number | null | undefined;
  readonly after: string | null | undefined;
  readonly count: () => Promise<number>;
}

interface ChildDocument {
  _id: string;
  deletedAt?: Date;
}

/** How many earlier siblings a cursor names, so that it still knows its place when its own item has gone. */
const CURSOR_SIBLINGS = 4;

/**
 * Pages of children in the order of their parents' lists. Whatever number of parents a request asks for at once, the
 * children come by one command; ids without a living child are passed over.
 */
export function orderedChildren<D extends ChildDocument>(
  model: Model<D>,
): (request: ChildrenRequest) => Promise<Connection<D>> {
  const records: DataLoader<string, D | null> = recordsById(model);

  return async ({ ids, first, after, count }) => {
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

/** A cursor names its item and the siblings before it, nearest first. */
function cursorAt(ids: readonly string[], index: number): string {
  const before = ids.slice(Math.max(0, index - CURSOR_SIBLINGS), index + 1).reverse();
  return encodeCursor([before.join(' '), index]);
}

/** Where the page after a cursor begins: behind the nearest of its items that is still there, else where it was. */
function startAfter(ids: readonly string[], after: string | null | undefined): number {
  if (after === null || after === undefined) return 0;
  const [siblings, index] = decodeCursor(after, ['string', 'number']);
  for (const id of String(siblings).split(' ')) {
    const at = ids.indexOf(id);
    if (at >= 0) return at + 1;
  }
  return Math.max(0, Math.min(Math.trunc(Number(index)), ids.length));
}
