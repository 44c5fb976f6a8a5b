import type { Collection, Stored } from './collection.js';
import type { Encoded } from './encoded.js';
import { CommandError, unsupported } from './errors.js';
import { keyFields, sortKeyOf } from './index-keys.js';
import type { KeyField } from './index-keys.js';
import { compileEncodedFilter } from './match.js';
import { plan } from './planner.js';
import type { IndexScan, Plan } from './planner.js';
import { decode, show } from './values.js';
import type { Doc } from './values.js';

export interface Query {
  readonly filter: Doc;
  readonly sort?: Doc | undefined;
  readonly skip?: number;
  /** 0 means no limit. */
  readonly limit?: number;
  readonly hint?: unknown;
  readonly maxTimeMS?: number;
}

/** A document that a query has found. It is decoded when `doc` is read for the first time. */
export class Found implements Stored {
  readonly row: number;
  readonly bytes: Encoded;
  private decoded: Doc | undefined;

  constructor({ row, bytes }: Stored) {
    this.row = row;
    this.bytes = bytes;
  }

  get doc(): Doc {
    return (this.decoded ??= decode(this.bytes));
  }
}

type Matches = (bytes: Encoded) => boolean;

/** Counts the work of a query (manual: "Explain Results", executionStats). */
interface Work {
  keysExamined: number;
  docsExamined: number;
}

/** A planned query. Its results can be read once. `work` is updated while they are read. */
export interface Execution {
  readonly plan: Plan;
  readonly work: Work;
  readonly sort: readonly KeyField[];
  readonly results: Iterable<Found>;
}

/**
 * Plans a query (manual: "Query Optimization"). Results are read lazily. A sort without an index keeps only keys and row
 * numbers in memory. A collection that does not exist has no results, but an invalid query is still refused.
 */
export function execute(collection: Collection | undefined, query: Query): Execution {
  const matches = compileEncodedFilter(query.filter);
  const sort = sortFields(query.sort ?? {});
  const work = { keysExamined: 0, docsExamined: 0 };
  if (collection === undefined) return { plan: { scan: undefined, sorted: true }, work, sort, results: [] };
  const chosen = plan(collection.indexes, query.filter, sort, query.hint);
  const deadline = query.maxTimeMS ? Date.now() + query.maxTimeMS : Number.POSITIVE_INFINITY;
  const candidates = chosen.scan === undefined ? collection.scan() : indexed(collection, chosen.scan, work);
  const found = matching(candidates, matches, work, deadline);
  const ordered = chosen.sorted ? found : sorted(collection, found, sort, matches);
  return { plan: chosen, work, sort, results: sliced(ordered, query.skip ?? 0, query.limit ?? 0) };
}

/** Manual: "sort()": each direction is 1 or -1. */
function sortFields(sort: Doc): KeyField[] {
  if ('$natural' in sort) throw unsupported('the sort $natural');
  return keyFields(sort, (direction, path) => {
    const message = '$sort key ordering must be 1 (for ascending) or -1 (for descending)';
    return new CommandError(15975, `${message}: { ${path}: ${show(direction)} }`);
  });
}

function* indexed(collection: Collection, scan: IndexScan, work: Work): Generator<Stored> {
  // A document may have several entries in a multikey index.
  const seen = scan.index.multikey === 0 ? undefined : new Set<number>();
  for (const stored of inIndex(collection, scan)) {
    work.keysExamined++;
    if (seen?.has(stored.row) === true) continue;
    seen?.add(stored.row);
    yield stored;
  }
}

function* inIndex(collection: Collection, { index, ranges, areUniqueKeys, backward }: IndexScan): Generator<Stored> {
  if (areUniqueKeys && !backward && ranges.length > 1) {
    const keys = ranges.map(({ from }) => from);
    yield* collection.withKeys(index, keys);
    return;
  }
  for (const range of backward ? [...ranges].reverse() : ranges) yield* collection.inRange(index, range, backward);
}

function* matching(found: Iterable<Stored>, matches: Matches, work: Work, deadline: number): Generator<Found> {
  for (const stored of found) {
    work.docsExamined++;
    if (Date.now() > deadline) throw new CommandError(50, 'operation exceeded time limit');
    if (matches(stored.bytes)) yield new Found(stored);
  }
}

/** Sorts the keys, then reads each document again. Leaves out documents that were deleted or no longer match. */
function* sorted(
  collection: Collection,
  found: Iterable<Found>,
  sort: readonly KeyField[],
  matches: Matches,
): Generator<Found> {
  const rows: { row: number; key: Buffer }[] = [];
  for (const { row, doc } of found) rows.push({ row, key: sortKeyOf(doc, sort) });
  rows.sort((a, b) => Buffer.compare(a.key, b.key) || a.row - b.row);
  for (const { row } of rows) {
    const stored = collection.get(row);
    if (stored !== undefined && matches(stored.bytes)) yield new Found(stored);
  }
}

function* sliced(found: Iterable<Found>, skip: number, limit: number): Generator<Found> {
  let passed = 0;
  for (const one of found) {
    if (passed++ < skip) continue;
    yield one;
    if (limit > 0 && passed === skip + limit) return;
  }
}

/** Returns the plan in the format of `explain` (manual: "Explain Results"). */
export function describe({ plan: { scan, sorted: isSorted }, sort }: Execution, query: Query): Doc {
  let stage: Doc = { stage: 'COLLSCAN', direction: 'forward' };
  if (scan !== undefined) {
    const { spec, multikey } = scan.index;
    const inputStage = {
      stage: 'IXSCAN',
      indexName: spec.name,
      keyPattern: spec.doc['key'],
      isMultiKey: multikey !== 0,
      isUnique: spec.unique,
      isSparse: spec.sparse,
      isPartial: spec.partial !== undefined,
      direction: scan.backward ? 'backward' : 'forward',
    };
    stage = { stage: 'FETCH', inputStage };
  }
  const sortPattern = Object.fromEntries(sort.map(({ path, direction }) => [path, direction]));
  if (!isSorted) stage = { stage: 'SORT', sortPattern, inputStage: stage };
  if (query.skip) stage = { stage: 'SKIP', skipAmount: query.skip, inputStage: stage };
  if (query.limit) stage = { stage: 'LIMIT', limitAmount: query.limit, inputStage: stage };
  return stage;
}
