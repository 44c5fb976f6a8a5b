import { CommandError } from './errors.js';
import { EMPTY_ARRAY, encodeKey } from './keys.js';
import type { Direction } from './keys.js';
import { toNumber } from './numbers.js';
import { isIndex } from './paths.js';
import { fieldOf, isDoc } from './values.js';
import type { Doc } from './values.js';

/** One field of an index or of a sort. */
export interface KeyField {
  readonly path: string;
  readonly parts: readonly string[];
  readonly direction: Direction;
}

/** The fields of an index key or of a sort, in order; `refuse` says what is wrong with a direction. */
export function keyFields(key: Doc, refuse: (direction: unknown, path: string) => CommandError): KeyField[] {
  return Object.entries(key).map(([path, direction]) => {
    const number = toNumber(direction);
    if (Number.isNaN(number) || number === 0) throw refuse(direction, path);
    return { path, parts: path.split('.'), direction: number < 0 ? -1 : 1 };
  });
}

/** The entries a document has in an index. */
export interface Entries {
  readonly keys: Buffer[];
  /** Per key, the values it was made of, for the message about a duplicate. */
  readonly values: unknown[][];
  /** Bit i is set when the i-th field led through an array: the index is multikey there. */
  readonly multikey: number;
  /** Whether any indexed field is present: a sparse index skips a document that has none. */
  readonly present: boolean;
}

/**
 * A document's keys (manual: "Multikey Indexes"): one per element of an array, with the other fields repeated. Two
 * fields that lead through arrays are refused (code 171), even where it is the same array, which MongoDB allows.
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

/** The smallest of a document's keys: MongoDB sorts a document by it, each direction with its own extreme element. */
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
 * What a path leads to: one value, or one for each element of the array that it ends at or goes through. A number picks
 * the element at that index. When there is none it is a field's name, and when it could be both, it is refused.
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
