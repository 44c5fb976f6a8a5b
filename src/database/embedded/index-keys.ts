import { CommandError } from './errors.js';
import { EMPTY_ARRAY, encodeKey } from './keys.js';
import type { Direction } from './keys.js';
import { toNumber } from './numbers.js';
import { isIndex } from './paths.js';
import { fieldOf, isDoc } from './values.js';
import type { Doc } from './values.js';

/** A field of an index or of a sort. */
export interface KeyField {
  readonly path: string;
  readonly parts: readonly string[];
  readonly direction: Direction;
}

/** Returns the fields of an index key or of a sort, in order. `refuse` returns the error for an invalid direction. */
export function keyFields(key: Doc, refuse: (direction: unknown, path: string) => CommandError): KeyField[] {
  return Object.entries(key).map(([path, direction]) => {
    const number = toNumber(direction);
    if (Number.isNaN(number) || number === 0) throw refuse(direction, path);
    return { path, parts: path.split('.'), direction: number < 0 ? -1 : 1 };
  });
}

/** The entries of a document in an index. */
export interface Entries {
  readonly keys: Buffer[];
  /** The values of each key, for the message about a duplicate. */
  readonly values: unknown[][];
  /** Bit i is set when the path of field i goes through an array: the index is multikey for this field. */
  readonly multikey: number;
  /** Whether the document has any indexed field. A sparse index does not contain documents that have none. */
  readonly present: boolean;
}

/**
 * Returns the keys of a document (manual: "Multikey Indexes"): one for each element of an array, with the same values of
 * the other fields. Two fields with arrays are refused (code 171), also if it is the same array, which MongoDB allows.
 */
export function entriesOf(doc: Doc, fields: readonly KeyField[]): Entries {
  const spreads = fields.map(({ parts }) => spread(doc, parts));
  const through = spreads.findIndex(({ isArray }) => isArray);
  const other = spreads.findLastIndex(({ isArray }) => isArray);
  if (other !== through) {
    throw new CommandError(171, `cannot index parallel arrays [${fields[other]?.path}] [${fields[through]?.path}]`);
  }
  const directions = fields.map(({ direction }) => direction);
  const entries = new Map<string, { key: Buffer; values: unknown[] }>();
  for (const element of spreads[through]?.values ?? [undefined]) {
    const values = spreads.map((one, i) => (i === through ? element : one.values[0]));
    const key = encodeKey(values, directions);
    entries.set(key.toString('latin1'), { key, values });
  }
  return {
    keys: [...entries.values()].map(({ key }) => key),
    values: [...entries.values()].map(({ values }) => values),
    multikey: through === -1 ? 0 : 1 << through,
    present: spreads.some(({ values }) => values.some((value) => value !== undefined)),
  };
}

/** Returns the smallest key of a document, by which MongoDB sorts it. */
export function sortKeyOf(doc: Doc, fields: readonly KeyField[]): Buffer {
  const [first, ...others] = entriesOf(doc, fields).keys as [Buffer, ...Buffer[]];
  return others.reduce((least, key) => (Buffer.compare(key, least) < 0 ? key : least), first);
}

function ambiguous(part: string): CommandError {
  const advice = 'do not use numeric field names in embedded elements in an array';
  return new CommandError(16746, `Ambiguous field name found in array (${advice}), field: '${part}'`);
}

interface Spread {
  readonly values: readonly unknown[];
  readonly isArray: boolean;
}

/**
 * Returns the values at a path: one value, or one for each element of the array that the path ends at or goes through. A
 * number in the path selects the element at that index. If there is no such element, it is a field name. If it could be
 * both, it is refused.
 */
function spread(value: unknown, parts: readonly string[]): Spread {
  const [part, ...rest] = parts;
  if (Array.isArray(value) && part === undefined) {
    return { values: value.length === 0 ? [EMPTY_ARRAY] : value, isArray: true };
  }
  if (part === undefined) return { values: [value], isArray: false };
  if (!Array.isArray(value)) return spread(isDoc(value) ? fieldOf(value, part) : undefined, rest);
  if (isIndex(part) && Number(part) < value.length) {
    if (value.some((element) => isDoc(element) && fieldOf(element, part) !== undefined)) throw ambiguous(part);
    return spread(value[Number(part)], rest);
  }
  const values = value.flatMap((element: unknown) => (isDoc(element) ? spread(element, parts).values : [undefined]));
  return { values: values.length === 0 ? [undefined] : values, isArray: true };
}
