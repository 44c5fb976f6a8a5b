import { Double, Int32, Long } from 'bson';
import { CommandError } from './errors.js';
import { typeOf } from './values.js';

/** Whether a value is one of the numeric types that share one order: int, long, double. */
export function isNumber(value: unknown): boolean {
  return ['int', 'long', 'double'].includes(typeOf(value));
}

/** The exact value: a bigint for a long, which a number could not hold. JavaScript compares the two exactly. */
export function exact(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return typeOf(value) === 'long' ? (value as Long).toBigInt() : (value as Int32 | Double).value;
}

/** As a JavaScript number, rounded when it is a great long; NaN when it is no number. */
export function toNumber(value: unknown): number {
  return isNumber(value) ? Number(exact(value)) : Number.NaN;
}

export function isNaNValue(value: unknown): boolean {
  return typeOf(value) === 'double' && Number.isNaN(exact(value));
}

/** A whole number that is not negative, given as any numeric type, for `limit` and its like. */
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

/** Manual: "BSON comparison order", numbers; NaN is below every other number and equal to itself. */
export function compareNumbers(a: unknown, b: unknown): number {
  const left = exact(a);
  const right = exact(b);
  if (left < right) return -1;
  if (left > right) return 1;
  return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
}

/**
 * A sum as `$inc` makes it: a double makes a double; two ints give an int, or a long when that overflows; a long stays
 * a long. What overflows a long is undefined.
 */
export function add(a: unknown, b: unknown): Int32 | Double | Long | undefined {
  const types = [typeOf(a), typeOf(b)];
  if (types.includes('double')) return new Double(toNumber(a) + toNumber(b));
  const sum = BigInt(exact(a)) + BigInt(exact(b));
  if (BigInt.asIntN(64, sum) !== sum) return undefined;
  const fitsInt = BigInt.asIntN(32, sum) === sum;
  return fitsInt && !types.includes('long') ? new Int32(Number(sum)) : Long.fromBigInt(sum);
}
