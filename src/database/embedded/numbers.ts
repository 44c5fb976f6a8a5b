import { Double, Int32, Long } from 'bson';
import { CommandError } from './errors.js';
import { typeOf } from './values.js';

/** Whether a value is a number: int, long or double. */
export function isNumber(value: unknown): boolean {
  return ['int', 'long', 'double'].includes(typeOf(value));
}

/** Returns the exact value: a bigint for a long. JavaScript compares bigints and numbers exactly. */
export function exact(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return typeOf(value) === 'long' ? (value as Long).toBigInt() : (value as Int32 | Double).value;
}

/** Returns a JavaScript number; large longs are rounded. Returns NaN when the value is not a number. */
export function toNumber(value: unknown): number {
  return isNumber(value) ? Number(exact(value)) : Number.NaN;
}

export function isNaNValue(value: unknown): boolean {
  return typeOf(value) === 'double' && Number.isNaN(exact(value));
}

/** Returns a whole number from 0, for options such as `limit`. Accepts all numeric types. */
export function toCount(value: unknown, what: string): number {
  if (!isNumber(value)) {
    throw new CommandError(
      14,
      `BSON field '${what}' is the wrong type '${typeOf(value)}', expected types '[long, int]'`,
    );
  }
  const count = Math.trunc(toNumber(value));
  if (count >= 0) return count;
  throw new CommandError(51024, `BSON field '${what}' value must be >= 0, actual value '${count}'`);
}

/** Compares numbers (manual: "BSON comparison order"). NaN is below all other numbers and equals itself. */
export function compareNumbers(a: unknown, b: unknown): number {
  const left = exact(a);
  const right = exact(b);
  if (left < right) return -1;
  if (left > right) return 1;
  return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
}

/**
 * Adds like `$inc`. With a double the result is a double. Two ints give an int, or a long if it overflows. With a long it
 * is a long. Returns undefined when a long overflows.
 */
export function add(a: unknown, b: unknown): Int32 | Double | Long | undefined {
  const types = [typeOf(a), typeOf(b)];
  if (types.includes('double')) return new Double(toNumber(a) + toNumber(b));
  const sum = BigInt(exact(a)) + BigInt(exact(b));
  if (BigInt.asIntN(64, sum) !== sum) return undefined;
  const fitsInt = BigInt.asIntN(32, sum) === sum;
  return fitsInt && !types.includes('long') ? new Int32(Number(sum)) : Long.fromBigInt(sum);
}
