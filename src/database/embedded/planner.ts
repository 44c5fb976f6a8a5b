import { arePoints, constraintsOf, downwards, EVERYTHING, excludesNull, intersection, prefixed } from './bounds.js';
import type { Bounds, Constraints, Range } from './bounds.js';
import type { Index } from './collection.js';
import { CommandError } from './errors.js';
import type { KeyField } from './index-keys.js';
import { branchFilters } from './match.js';
import { toNumber } from './numbers.js';
import { isDoc, isSame } from './values.js';
import type { Doc } from './values.js';

export interface IndexScan {
  readonly index: Index;
  readonly ranges: readonly Range[];
  /** Whether the index is unique and every range is a single key. */
  readonly areUniqueKeys: boolean;
  readonly backward: boolean;
}

export interface Plan {
  /** When undefined, the whole collection is read. */
  readonly scan: IndexScan | undefined;
  /** Whether the scan returns the requested order. Then nothing has to be sorted, and a limit ends the scan early. */
  readonly sorted: boolean;
}

const MAX_INTERVALS = 10_000;

/**
 * Chooses how to find the candidates of a filter. Prefers the index with the longest prefix of equalities, then one with
 * a range, then one with the sort order. Without such an index, all documents are candidates. Candidates are filtered
 * again, so a plan may find too many documents, but never too few.
 */
export function plan(indexes: readonly Index[], filter: Doc, sort: readonly KeyField[], hint: unknown): Plan {
  if (isDoc(hint) && toNumber(hint['$natural']) === 1) return { scan: undefined, sorted: sort.length === 0 };
  const allowed = hint === undefined ? indexes : [hinted(indexes, hint)];
  const constraints = constraintsOf(filter);
  const [best] = allowed
    .map((index) => candidate(index, filter, constraints, sort, hint !== undefined))
    .filter((found) => found.score > 0 || hint !== undefined)
    .sort((a, b) => b.score - a.score);
  return best ?? { scan: undefined, sorted: sort.length === 0 };
}

function hinted(indexes: readonly Index[], hint: unknown): Index {
  const found = indexes.find(({ spec }) =>
    typeof hint === 'string' ? spec.name === hint : isSame(spec.doc['key'], hint),
  );
  if (found === undefined) {
    throw new CommandError(2, 'planner returned error: hint provided does not correspond to an existing index');
  }
  return found;
}

interface Candidate extends Plan {
  readonly score: number;
}

function candidate(
  index: Index,
  filter: Doc,
  constraints: Constraints,
  sort: readonly KeyField[],
  forced: boolean,
): Candidate {
  const { used, points, ranges } = keyRanges(index, constraints);
  const order = sortOrder(index, sort, points);
  const usable = forced || isComplete(index, filter, constraints);
  const sorted = sort.length === 0 || order !== undefined;
  const equalities = points.filter((count) => count > 0).length;
  const single = points.filter((count) => count === 1).length;
  const hasRange = used.length > equalities;
  const score = usable ? equalities * 10 + single + (hasRange ? 5 : 0) + (sort.length > 0 && sorted ? 8 : 0) : 0;
  const scan = {
    index,
    ranges: used.length === 0 ? [EVERYTHING] : ranges,
    areUniqueKeys: index.spec.unique && points.length === index.spec.fields.length,
    backward: order === 'backward',
  };
  return { scan, sorted, score };
}

interface KeyRanges {
  readonly used: readonly { readonly path: string; readonly bounds: Bounds }[];
  /** The number of possible values for each field of the equality prefix. */
  readonly points: readonly number[];
  readonly ranges: readonly Range[];
}

function keyRanges({ spec, multikey }: Index, constraints: Constraints): KeyRanges {
  const used: { path: string; bounds: Bounds }[] = [];
  const points: number[] = [];
  let ranges: readonly Range[] | undefined;
  for (const [i, field] of spec.fields.entries()) {
    const isMultikey = (multikey & (1 << i)) !== 0;
    const given = constraints.get(field.path);
    if (given === undefined) break;
    const bounds = isMultikey ? tightest(given) : given.reduce(intersection);
    if ((ranges?.length ?? 1) * bounds.length > MAX_INTERVALS) break;
    const directed = field.direction === 1 ? bounds : bounds.map(downwards).reverse();
    ranges =
      ranges === undefined ? directed : ranges.flatMap(({ from }) => directed.map((range) => prefixed(from, range)));
    used.push({ path: field.path, bounds });
    if (!arePoints(bounds)) break;
    points.push(bounds.length);
  }
  return { used, points, ranges: ranges ?? [] };
}

/** In an array, different elements may match different conditions, so only one condition may bound the scan. */
function tightest(all: readonly Bounds[]): Bounds {
  const width = (bounds: Bounds): number => (arePoints(bounds) ? 0 : bounds.length + 1);
  const [first, ...others] = all as readonly [Bounds, ...Bounds[]];
  return others.reduce((best, bounds) => (width(bounds) < width(best) ? bounds : best), first);
}

/** Manual: "Use Indexes to Sort Query Results". Skips fields that have a single value. No sort field may be multikey. */
function sortOrder(
  { spec, multikey }: Index,
  sort: readonly KeyField[],
  points: readonly number[],
): 'forward' | 'backward' | undefined {
  let next = 0;
  let turned: boolean | undefined;
  for (const [i, field] of spec.fields.entries()) {
    const wanted = sort[next];
    if (wanted === undefined) break;
    if (field.path !== wanted.path) {
      if (points[i] === 1) continue;
      return undefined;
    }
    const backward = field.direction !== wanted.direction;
    if ((multikey & (1 << i)) !== 0 || (turned !== undefined && turned !== backward)) return undefined;
    turned = backward;
    next++;
  }
  if (next === 0 || next < sort.length) return undefined;
  return turned === true ? 'backward' : 'forward';
}

/**
 * Whether an index contains all documents that the filter can match. Sparse and partial indexes do not contain all
 * documents. Recognises two cases: the filter has the same condition as the index, or requires the field to exist.
 */
function isComplete({ spec }: Index, filter: Doc, constraints: Constraints): boolean {
  const isThere = (path: string): boolean => constraints.get(path)?.some(excludesNull) ?? false;
  if (spec.sparse && !spec.fields.some(({ path }) => isThere(path))) return false;
  const asked = conjunctsOf(filter);
  return Object.entries(spec.partial?.filter ?? {}).every(([path, condition]) => {
    if (asked.some(([name, given]) => name === path && isSame(given, condition))) return true;
    return isSame(condition, { $exists: true }) && isThere(path);
  });
}

function conjunctsOf(filter: Doc): [string, unknown][] {
  return Object.entries(filter).flatMap(([name, condition]) =>
    name === '$and' ? branchFilters(name, condition).flatMap(conjunctsOf) : [[name, condition] as [string, unknown]],
  );
}
