import { Long } from 'bson';
import { CursorReply } from './encoded.js';
import type { Encoded } from './encoded.js';
import { CommandError } from './errors.js';
import { MAX_DOCUMENT_BYTES } from './values.js';

interface Cursor {
  readonly namespace: string;
  readonly results: Iterator<Encoded>;
  /** The next result, which was read to find out whether the cursor has ended. */
  ahead: Encoded | undefined;
  lastUsed: number;
}

const IDLE_MS = 10 * 60 * 1000;
const MAX_CURSORS = 1000;
const FIRST_BATCH = 101;
/** The size of an array element besides its document, in bytes: the type, and the index as text. */
const ELEMENT_BYTES = 10;

/**
 * The open cursors (manual: "Cursor Batches", "Closure of Inactive Cursors"). A batch has at most 16 MiB. An idle cursor
 * is closed after 10 minutes, even with `noCursorTimeout`. With more than a thousand, the longest idle one is closed.
 */
export class Cursors {
  private readonly open = new Map<bigint, Cursor>();
  private lastId = 0n;

  /** Returns the reply with the first batch. Keeps the cursor open for the rest, unless `single`. */
  first(namespace: string, results: Iterable<Encoded>, batchSize?: number, single = false): CursorReply {
    const cursor: Cursor = { namespace, results: results[Symbol.iterator](), ahead: undefined, lastUsed: Date.now() };
    const { batch, done } = take(cursor, batchSize ?? FIRST_BATCH);
    if (done || single) return new CursorReply('firstBatch', batch, { id: Long.ZERO, ns: namespace });
    this.makeRoom();
    // Above 2^32, so that a driver that treats the id as a 32-bit number fails at once.
    const id = (1n << 32n) + ++this.lastId * 7919n;
    this.open.set(id, cursor);
    return new CursorReply('firstBatch', batch, { id: Long.fromBigInt(id), ns: namespace });
  }

  next(id: bigint, namespace: string, batchSize: number | undefined): CursorReply {
    const cursor = this.open.get(id);
    if (cursor === undefined || Date.now() - cursor.lastUsed > IDLE_MS) {
      this.open.delete(id);
      throw new CommandError(43, `cursor id ${id} not found`);
    }
    if (cursor.namespace !== namespace) {
      const message = `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace`;
      throw new CommandError(13, `${message} ${cursor.namespace}`);
    }
    // Removed first, so that a cursor that throws is closed. It is added again when it has more results.
    this.open.delete(id);
    const { batch, done } = take(cursor, batchSize ?? Number.POSITIVE_INFINITY);
    if (!done) this.open.set(id, { ...cursor, lastUsed: Date.now() });
    return new CursorReply('nextBatch', batch, { id: done ? Long.ZERO : Long.fromBigInt(id), ns: namespace });
  }

  kill(id: bigint): boolean {
    return this.open.delete(id);
  }

  /** Closes the cursors of a collection that is dropped, or whose indexes are. */
  killAll(namespace: string): void {
    for (const [id, cursor] of this.open) if (cursor.namespace === namespace) this.open.delete(id);
  }

  private makeRoom(): void {
    const byAge = [...this.open].sort(([, a], [, b]) => a.lastUsed - b.lastUsed);
    for (const [id, { lastUsed }] of byAge) {
      if (Date.now() - lastUsed < IDLE_MS && this.open.size < MAX_CURSORS) return;
      this.open.delete(id);
    }
  }
}

/** Reads a batch, and one result more, so that the last batch can be marked as the last. */
function take(cursor: Cursor, count: number): { batch: Encoded[]; done: boolean } {
  const batch: Encoded[] = [];
  let bytes = 0;
  for (;;) {
    const next = cursor.ahead ?? following(cursor.results);
    cursor.ahead = undefined;
    if (next === undefined) return { batch, done: true };
    bytes += next.length + ELEMENT_BYTES;
    if (batch.length >= count || (batch.length > 0 && bytes > MAX_DOCUMENT_BYTES)) {
      cursor.ahead = next;
      return { batch, done: false };
    }
    batch.push(next);
  }
}

function following(results: Iterator<Encoded>): Encoded | undefined {
  const next = results.next();
  return next.done === true ? undefined : next.value;
}
