import { encodeKey, inverted, rankOf } from './keys.js';
import { branchFilters, isOperators } from './match.js';
import { isDoc, typeOf } from './values.js';
import type { Doc } from './values.js';

/** Keys from `from` up to but not including `to`. A key stands for all that begins with it, as a type's rank does. */
export interface Range {
  readonly from: Buffer;
  readonly to: Buffer;
  /** The range is one value, whose key is `from`. */
  readonly isPoint: boolean;
}
/** All keys there are, whatever the direction of their fields. */
export const EVERYTHING: Range = { from: Buffer.alloc(0), to: Buffer.of(0xff), isPoint: false };

/** A set of ranges, sorted and apart, that holds some key of every document which the filter can match. */
export type Bounds = readonly Range[];

/** What a filter demands of each path, all of it at once. Paths it says nothing useful about are absent. */
export type Constraints = Map<string, Bounds[]>;

/**
 * Reads bounds off a filter: `$eq`, `$in`, the comparisons, `$elemMatch` and one value of `$all`, on the top level and
 * under `$and`; under `$or`, what all branches say about one path, united. Everything else bounds nothing.
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

/** Each branch picks one of its bounds per path; a document of any branch then lies within the union of the picks. */
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

/** By operators, one element satisfies them all, so their ranges are intersected even where the index is multikey. */
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

/** An array is left alone: the index holds its elements, not itself. */
function equality(value: unknown): Bounds | undefined {
  return isOperators(value) || Array.isArray(value) ? undefined : [point(encodeKey([value]))];
}

function point(key: Buffer): Range {
  return { from: key, to: after(key), isPoint: true };
}

/** Only within the operand's type (manual: "Type Bracketing"). */
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

/** Whether every document within these bounds has the field: null stands for a missing one too. */
export function excludesNull(bounds: Bounds): boolean {
  const nothing = point(Buffer.of(rankOf(null)));
  return intersection(bounds, [nothing]).length === 0;
}

/** Whether the bounds are single values, which is what equality gives. */
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

/** The first key that is above everything beginning with this one. */
function after(key: Buffer): Buffer {
  let length = key.length;
  while (length > 0 && key[length - 1] === 0xff) length--;
  const next = Buffer.from(key.subarray(0, length));
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}

/** The same range in an index field that runs downwards: its bytes are inverted, and the ends change places. */
export function downwards({ from, to, isPoint }: Range): Range {
  if (isPoint) return point(inverted(from));
  return { from: after(inverted(to)), to: after(inverted(from)), isPoint };
}

/** The range of a whole index key: fixed values of the fields before, then a range of the next one. */
export function prefixed(prefix: Buffer, { from, to, isPoint }: Range): Range {
  return { from: Buffer.concat([prefix, from]), to: Buffer.concat([prefix, to]), isPoint };
}
