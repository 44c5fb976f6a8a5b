import { encodeKey, inverted, rankOf } from './keys.js';
import { branchFilters, isOperators } from './match.js';
import { isDoc, typeOf } from './values.js';
import type { Doc } from './values.js';

/** The keys from `from` up to but not including `to`. A key includes all keys that begin with it. */
export interface Range {
  readonly from: Buffer;
  readonly to: Buffer;
  /** Whether the range is a single value. Its key is `from`. */
  readonly isPoint: boolean;
}
/** All keys, in both directions. */
export const EVERYTHING: Range = { from: Buffer.alloc(0), to: Buffer.of(0xff), isPoint: false };

/** Sorted ranges that do not overlap. They contain a key of every document that the filter can match. */
export type Bounds = readonly Range[];

/** The bounds that a filter sets for each path; all of them apply. Paths without bounds are absent. */
export type Constraints = Map<string, Bounds[]>;

/**
 * Returns the bounds that a filter sets by `$eq`, `$in`, comparisons, `$elemMatch` and one value of `$all`, on the top
 * level and under `$and`. Under `$or`, returns the union of the bounds, for paths that are bounded in all branches.
 * Other operators set no bounds.
 */
export function constraintsOf(filter: Doc, prefix = ''): Constraints {
  const found: Constraints = new Map();
  for (const [name, condition] of Object.entries(filter)) {
    if (name === '$and') {
      for (const branch of branchFilters(name, condition)) merge(found, constraintsOf(branch, prefix));
    } else if (name === '$or') {
      merge(found, united(branchFilters(name, condition).map((branch) => constraintsOf(branch, prefix))));
    } else if (!name.startsWith('$')) {
      merge(found, fieldConstraints(prefix + name, condition));
    }
  }
  return found;
}

function merge(into: Constraints, from: Constraints): void {
  for (const [path, bounds] of from) into.set(path, [...(into.get(path) ?? []), ...bounds]);
}

/** Takes one of the bounds of each branch for a path. A document that matches any branch is within their union. */
function united(branches: readonly Constraints[]): Constraints {
  const found: Constraints = new Map();
  for (const path of branches[0]?.keys() ?? []) {
    const picks = branches.map((branch) => branch.get(path)?.[0]);
    if (picks.every((pick) => pick !== undefined)) found.set(path, [union(picks.flat())]);
  }
  return found;
}

function fieldConstraints(path: string, condition: unknown): Constraints {
  if (!isOperators(condition)) {
    const bounds = equality(condition);
    return new Map(bounds === undefined ? [] : [[path, [bounds]]]);
  }
  const found: Constraints = new Map();
  for (const [operator, operand] of Object.entries(condition)) {
    if (operator === '$elemMatch' && isDoc(operand)) {
      merge(found, elementConstraints(path, operand));
    } else {
      const bounds = operatorBounds(operator, operand);
      if (bounds !== undefined) merge(found, new Map([[path, [bounds]]]));
    }
  }
  return found;
}

/** With operators, one element must match all of them, so their ranges are intersected, also in a multikey index. */
function elementConstraints(path: string, operand: Doc): Constraints {
  if (!isOperators(operand)) return constraintsOf(operand, `${path}.`);
  const sets = Object.entries(operand).flatMap(([operator, value]) => {
    const bounds = operatorBounds(operator, value);
    return bounds === undefined ? [] : [bounds];
  });
  return new Map(sets.length === 0 ? [] : [[path, [sets.reduce(intersection)]]]);
}

function operatorBounds(operator: string, operand: unknown): Bounds | undefined {
  switch (operator) {
    case '$eq':
      return equality(operand);
    case '$in': {
      if (!Array.isArray(operand)) return undefined;
      const points = operand.map(equality);
      return points.every((point) => point !== undefined) ? union(points.flat()) : undefined;
    }
    case '$all': {
      const points = (Array.isArray(operand) ? operand : []).map(equality);
      return points.find((point) => point !== undefined);
    }
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return comparison(operator, operand);
    default:
      return undefined;
  }
}

/** Returns undefined for an array, because the index contains its elements and not the array. */
function equality(value: unknown): Bounds | undefined {
  return isOperators(value) || Array.isArray(value) ? undefined : [point(encodeKey([value]))];
}

function point(key: Buffer): Range {
  return { from: key, to: after(key), isPoint: true };
}

/** Returns a range within the type of the operand (manual: "Type Bracketing"). */
function comparison(operator: string, operand: unknown): Bounds | undefined {
  if (operand === null) return operator.endsWith('e') ? equality(null) : undefined;
  if (['array', 'object'].includes(typeOf(operand))) return undefined;
  const rank = Buffer.of(rankOf(operand));
  const key = encodeKey([operand]);
  // Greater, or less or equal: the value itself is below the bound.
  const bound = operator === '$gt' || operator === '$lte' ? after(key) : key;
  return operator.startsWith('$g')
    ? [{ from: bound, to: after(rank), isPoint: false }]
    : [{ from: rank, to: bound, isPoint: false }];
}

/** Whether every document within these bounds has the field. A missing field has the key of null. */
export function excludesNull(bounds: Bounds): boolean {
  const nothing = point(Buffer.of(rankOf(null)));
  return intersection(bounds, [nothing]).length === 0;
}

/** Whether the bounds are single values, as for equality. */
export function arePoints(bounds: Bounds): boolean {
  return bounds.every(({ isPoint }) => isPoint);
}

export function intersection(a: Bounds, b: Bounds): Bounds {
  return a.flatMap((one) =>
    b.flatMap((other) => {
      const from = Buffer.compare(one.from, other.from) >= 0 ? one.from : other.from;
      const to = Buffer.compare(one.to, other.to) <= 0 ? one.to : other.to;
      return Buffer.compare(from, to) < 0 ? [{ from, to, isPoint: one.isPoint || other.isPoint }] : [];
    }),
  );
}

function union(ranges: readonly Range[]): Bounds {
  const sorted = [...ranges].sort((a, b) => Buffer.compare(a.from, b.from));
  const joined: Range[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last === undefined || Buffer.compare(range.from, last.to) >= 0) joined.push(range);
    else if (Buffer.compare(range.to, last.to) > 0) {
      joined[joined.length - 1] = { from: last.from, to: range.to, isPoint: false };
    }
  }
  return joined;
}

/** The lowest key that is above all keys that begin with this one. */
function after(key: Buffer): Buffer {
  let length = key.length;
  while (length > 0 && key[length - 1] === 0xff) length--;
  const next = Buffer.from(key.subarray(0, length));
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}

/** The same range in a descending index field: its bytes are inverted, and its ends are swapped. */
export function downwards({ from, to, isPoint }: Range): Range {
  if (isPoint) return point(inverted(from));
  return { from: after(inverted(to)), to: after(inverted(from)), isPoint };
}

/** The range of a compound key: fixed values of the fields before, then a range of the next field. */
export function prefixed(prefix: Buffer, { from, to, isPoint }: Range): Range {
  return { from: Buffer.concat([prefix, from]), to: Buffer.concat([prefix, to]), isPoint };
}
