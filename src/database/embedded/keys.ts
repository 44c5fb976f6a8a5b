import type { Binary, ObjectId } from 'bson';
import { compareNumbers, exact, isNumber } from './numbers.js';
import { typeOf } from './values.js';
import type { Doc, TypeName } from './values.js';

/*
 * Encodes values as bytes with MongoDB's order of values (manual: "Comparison/Sort Order"; the ranks are those of
 * `canonicalizeBSONType` in the server). Each encoding marks its own end, so encodings can be concatenated to the key of
 * a compound index, and a prefix of its fields is a prefix of its bytes. Indexes, sorting and comparisons use the same
 * encoding, so they have the same order.
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

/** The key of an empty array in an index or a sort. It is below null; MongoDB uses `undefined`. */
export const EMPTY_ARRAY = Symbol('empty array');

export type Direction = 1 | -1;

/** Returns the rank of a value's type. Only types of the same rank are comparable, for example by `$gt`. */
export function rankOf(value: unknown): number {
  return RANKS[typeOf(value)];
}

/** Refuses a value that contains a type whose order this server does not know. */
export function assertComparable(value: unknown): void {
  encodeKey([value]);
}

const TEXT_RANK = String.fromCharCode(RANKS.string);
/** Behind each text: the bytes 0 and 1. */
const TEXT_END = '\0\u0001';

/** Encodes one value for each field. Fields with direction -1 are inverted, so that byte order is their order. */
export function encodeKey(values: readonly unknown[], directions: readonly Direction[] = []): Buffer {
  const [first] = values;
  // In one step, because a query may name a thousand ids.
  if (values.length === 1 && directions[0] !== -1 && typeof first === 'string' && !first.includes('\0')) {
    return Buffer.from(`${TEXT_RANK}${first}${TEXT_END}`);
  }
  return Buffer.concat(
    values.flatMap((value, i) => {
      const bytes = encoded(value);
      return directions[i] === -1 ? bytes.map((part) => inverted(part)) : bytes;
    }),
  );
}

/** Inverts all bytes, which reverses their order. */
export function inverted(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

/** Compares two values in MongoDB's order. */
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

/** Whether two values are equal in MongoDB: 1 equals 1.0, and documents must have their fields in the same order. */
export function equalValues(a: unknown, b: unknown): boolean {
  // Texts from BSON are valid UTF-8, so they are equal when their bytes are.
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
      // Fields are compared by type, then name, then value. The end of a document (0) sorts before further fields.
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
 * Encodes a number as a double, followed by the difference between a long and that double, so that all numeric types
 * have one order and 2^53 + 1 is not 2^53. In positive doubles the sign bit is set, in negative ones all bits are
 * inverted. Then the order of bytes is the order of numbers.
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

/** Encodes a text as UTF-8, with 0 255 for 0 and 0 1 at the end, so that a prefix sorts before longer texts. */
function encodedText(value: string): Uint8Array[] {
  const bytes = Buffer.from(value);
  const escaped = bytes.includes(0) ? Buffer.from([...bytes].flatMap((byte) => (byte === 0 ? [0, 255] : byte))) : bytes;
  return [escaped, Buffer.from(TEXT_END)];
}
