import type { Binary, ObjectId } from 'bson';
import { compareNumbers, exact, isNumber } from './numbers.js';
import { typeOf } from './values.js';
import type { Doc, TypeName } from './values.js';

/*
 * Bytes whose order is MongoDB's order of values (manual: "Comparison/Sort Order"; the ranks are those of
 * `canonicalizeBSONType` in the server). Every encoding ends where it says it ends, so encodings can be joined into
 * the key of a compound index and a prefix of fields is a prefix of bytes. One encoding serves indexes, sorting and
 * comparing, so they cannot disagree.
 */
const RANKS: Readonly<Record<TypeName, number>> = {
  missing: 5,
  null: 5,
  int: 10,
  long: 10,
  double: 10,
  string: 15,
  object: 20,
  array: 25,
  binData: 30,
  objectId: 35,
  bool: 40,
  date: 45,
};

/** The key of an empty array in an index or a sort: below null (the server keeps `undefined` there). */
export const EMPTY_ARRAY = Symbol('empty array');

export type Direction = 1 | -1;

/** Types of one rank are comparable with each other: `$gt` and its like match only within a rank. */
export function rankOf(value: unknown): number {
  return RANKS[typeOf(value)];
}

/** Refuses a value that holds a type which this server does not know the order of. */
export function assertComparable(value: unknown): void {
  encodeKey([value]);
}

/** The key of one value per field; a field of direction -1 is inverted, so that plain byte order serves it too. */
export function encodeKey(values: readonly unknown[], directions: readonly Direction[] = []): Buffer {
  return Buffer.concat(
    values.flatMap((value, i) => {
      const bytes = encoded(value);
      return directions[i] === -1 ? bytes.map((part) => inverted(part)) : bytes;
    }),
  );
}

/** The same order backwards. */
export function inverted(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

/** MongoDB's order of any two values. */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') {
    return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  const byRank = rankOf(a) - rankOf(b);
  if (byRank !== 0) return byRank;
  if (isNumber(a)) return compareNumbers(a, b);
  if (a instanceof Date) return a.getTime() - (b as Date).getTime();
  return Buffer.compare(encodeKey([a]), encodeKey([b]));
}

/** Equality as the server sees it: 1 equals 1.0, and a document's fields count in their order. */
export function equalValues(a: unknown, b: unknown): boolean {
  // What comes from BSON is valid UTF-8: texts are equal when their bytes are.
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  return compareValues(a, b) === 0;
}

const END = Buffer.of(0);

function encoded(value: unknown): Uint8Array[] {
  return value === EMPTY_ARRAY ? [Buffer.of(3)] : [Buffer.of(rankOf(value)), ...content(value)];
}

function content(value: unknown): Uint8Array[] {
  switch (typeOf(value)) {
    case 'int':
    case 'long':
    case 'double':
      return [encodedNumber(exact(value))];
    case 'string':
      return encodedText(value as string);
    case 'object':
      // Fields are compared by type, then name, then value; the end (0) sorts before any further field.
      return Object.entries(value as Doc)
        .flatMap(([name, field]) => [Buffer.of(rankOf(field)), ...encodedText(name), ...encoded(field)])
        .concat(END);
    case 'array':
      return (value as unknown[]).flatMap(encoded).concat(END);
    case 'binData': {
      const { position, sub_type: subType, buffer } = value as Binary;
      const head = Buffer.alloc(5, subType);
      head.writeUInt32BE(position);
      return [head, buffer.subarray(0, position)];
    }
    case 'objectId':
      return [(value as ObjectId).id];
    case 'bool':
      return [Buffer.of(value === true ? 1 : 0)];
    case 'date': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt((value as Date).getTime()) + (1n << 63n)));
      return [bytes];
    }
    default:
      return [];
  }
}

/**
 * A double in order, then what a long exceeds it by: all numeric types have one order, and 2^53 + 1 is not 2^53.
 * Positive doubles get their sign bit set, negative ones are inverted whole: then byte order is numeric order.
 */
function encodedNumber(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(10);
  const double = Number(value);
  if (Number.isNaN(double)) return bytes;
  bytes.writeDoubleBE(double === 0 ? 0 : double);
  if (double < 0) bytes.set(inverted(bytes.subarray(0, 8)));
  else bytes[0] = (bytes[0] ?? 0) | 0x80;
  bytes.writeUInt16BE(0x8000 + (typeof value === 'bigint' ? Number(value - BigInt(double)) : 0), 8);
  return bytes;
}

/** UTF-8 with 0 written as 0 255 and the end as 0 1, so that a shorter text sorts before a longer one. */
function encodedText(value: string): Uint8Array[] {
  const bytes = Buffer.from(value);
  const escaped = bytes.includes(0) ? Buffer.from([...bytes].flatMap((byte) => (byte === 0 ? [0, 255] : byte))) : bytes;
  return [escaped, Buffer.of(0, 1)];
}
