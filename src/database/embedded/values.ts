import { deserialize, Double, Int32, Long, serialize } from 'bson';
import type { Binary, ObjectId } from 'bson';
import { CommandError } from './errors.js';

/** A document in memory. Numbers keep their BSON type (Int32, Double, Long). Undefined means a missing field. */
export type Doc = Record<string, unknown>;

/** The largest document, in bytes (manual: "MongoDB Limits and Thresholds", BSON Document Size). */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** Manual: "Nested Depth for BSON Documents". */
const MAX_DEPTH = 100;

const CLASSES = { Int32: 'int', Double: 'double', Long: 'long', ObjectId: 'objectId', Binary: 'binData' } as const;

/** The supported types (manual: "BSON Types"). Other types are refused everywhere. */
export type TypeName =
  (typeof CLASSES)[keyof typeof CLASSES] | 'missing' | 'null' | 'string' | 'bool' | 'array' | 'date' | 'object';

/** Returns the BSON type of a value. Throws for unsupported types. */
export function typeOf(value: unknown): TypeName {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'int' : 'double';
  if (typeof value === 'bigint') return 'long';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  // A plain object may have its own field named _bsontype. Only that of a class is used.
  if (isDoc(value)) return 'object';
  const name = (value as { _bsontype?: string })._bsontype ?? 'unknown';
  if (name in CLASSES) return CLASSES[name as keyof typeof CLASSES];
  throw new CommandError(2, `values of BSON type ${name} are not supported by the embedded database`);
}

export function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether MongoDB treats a value as true: all values except false, null, missing and zero. */
export function truthy(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return false;
  return !(value instanceof Int32 || value instanceof Double || value instanceof Long) || Number(value) !== 0;
}

/** Returns the value of a field. Returns undefined when it is missing. Does not read properties of the prototype. */
export function fieldOf(doc: Doc, name: string): unknown {
  return Object.hasOwn(doc, name) ? doc[name] : undefined;
}

export function decode(bytes: Uint8Array): Doc {
  return deserialize(bytes, { promoteValues: false, promoteBuffers: false, bsonRegExp: true });
}

export function encode(doc: Doc): Uint8Array {
  return serialize(doc, { ignoreUndefined: true });
}

/** Whether two values have the same bytes. */
export function isSame(a: unknown, b: unknown): boolean {
  return Buffer.compare(encode({ value: a }), encode({ value: b })) === 0;
}

/** Encodes a document for storage. Refuses values that MongoDB does not store or that this server cannot compare. */
export function encodeForStorage(doc: Doc): Uint8Array {
  assertStorable(doc, 1);
  let bytes: Uint8Array | undefined;
  try {
    bytes = encode(doc);
  } catch (error) {
    if (!(error instanceof RangeError)) throw new CommandError(2, `cannot store the document: ${String(error)}`);
  }
  if (bytes === undefined || bytes.length > MAX_DOCUMENT_BYTES) {
    const size = bytes === undefined ? 'more than 16777216' : String(bytes.length);
    throw new CommandError(10334, `BSONObj size: ${size} is invalid. Size must be between 0 and 16793600(16MB)`);
  }
  return bytes;
}

function assertStorable(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new CommandError(15, 'cannot store a document nested deeper than 100 levels');
  if (Array.isArray(value)) {
    for (const element of value) assertStorable(element, depth + 1);
  } else if (isDoc(value)) {
    for (const [name, field] of Object.entries(value)) {
      assertFieldName(name);
      assertStorable(field, depth + 1);
    }
  } else if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new CommandError(2, 'dates beyond those of JavaScript are not supported');
  } else if (typeOf(value) === 'missing') {
    throw new CommandError(2, 'values of BSON type undefined are not supported');
  }
}

/** Refuses names with `$` (MongoDB stores some since version 5), and two names that have a meaning in JavaScript. */
export function assertFieldName(name: string): void {
  if (name.startsWith('$')) {
    throw new CommandError(52, `The dollar ($) prefixed field '${name}' is not allowed in the context of storage`);
  }
  if (name === '__proto__' || name === '_bsontype') {
    throw new CommandError(2, `the field name '${name}' is not supported by the embedded database`);
  }
}

export function toDoc(value: unknown, what: string): Doc {
  return isDoc(value) ? value : wrongType(value, what, 'object');
}

export function toArray(value: unknown, what: string): unknown[] {
  return Array.isArray(value) ? value : wrongType(value, what, 'array');
}

export function toText(value: unknown, what: string): string {
  return typeof value === 'string' ? value : wrongType(value, what, 'string');
}

function wrongType(value: unknown, what: string, expected: string): never {
  throw new CommandError(14, `BSON field '${what}' is the wrong type '${typeOf(value)}', expected type '${expected}'`);
}

/** Formats a value as in MongoDB's messages, such as `dup key: { … }`. */
export function show(value: unknown): string {
  switch (typeOf(value)) {
    case 'string':
    case 'bool':
      return JSON.stringify(value);
    case 'object': {
      const fields = Object.entries(value as Doc).map(([name, field]) => `${name}: ${show(field)}`);
      return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
    }
    case 'array':
      return `[ ${(value as unknown[]).map(show).join(', ')} ]`;
    case 'objectId':
      return `ObjectId('${(value as ObjectId).toHexString()}')`;
    case 'date':
      return `new Date(${(value as Date).getTime()})`;
    case 'binData':
      return `BinData(${(value as Binary).sub_type}, ${(value as Binary).toString('hex').toUpperCase()})`;
    case 'double':
      return Number.isInteger(Number(value)) ? `${Number(value)}.0` : String(Number(value));
    case 'int':
    case 'long':
      return String(value);
    default:
      return 'null';
  }
}
