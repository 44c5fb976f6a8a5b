import { fieldOf, isDoc } from './values.js';

/** An array that a query compares as one value, because an index in the path, or `$elemMatch`, selected it. */
export class WholeArray {
  constructor(readonly elements: readonly unknown[]) {}
}

/** Returns the array of a value that is an array or a WholeArray. Returns undefined for other values. */
export function arrayOf(value: unknown): readonly unknown[] | undefined {
  if (value instanceof WholeArray) return value.elements;
  return Array.isArray(value) ? value : undefined;
}

/** Marks an array as one value. Other values are returned as they are. */
export function whole(value: unknown): unknown {
  return Array.isArray(value) ? new WholeArray(value) : value;
}

/**
 * Returns all values at a dotted path, as for queries (manual: "Query an Array of Embedded Documents"; the order is that
 * of the server's src/mongo/db/matcher/path.cpp).
 *
 * - A missing field counts as one undefined value.
 * - In an array, the path continues in each document. Other elements have no fields, so they are ignored.
 * - A number in the path is a field name, and in an array also an index: the path continues in the element at that index,
 *   if it is a document or an array.
 * - If the path ends with an index, the element is one value. So `{ 'a.0': 1 }` does not look into an inner array and
 *   does not match `{ a: [[1]] }`. `{ 'a.0': [1] }` and `{ 'a.0.0': 1 }` match it.
 */
export function valuesAt(value: unknown, parts: readonly string[], from = 0, found: unknown[] = []): unknown[] {
  const part = parts[from];
  if (part === undefined) {
    found.push(value);
  } else if (Array.isArray(value)) {
    const picked: unknown = isIndex(part) ? value[Number(part)] : undefined;
    if (picked !== undefined && from + 1 === parts.length) found.push(whole(picked));
    else if (isDoc(picked) || Array.isArray(picked)) valuesAt(picked, parts, from + 1, found);
    for (const element of value) if (isDoc(element)) valuesAt(element, parts, from, found);
  } else {
    valuesAt(isDoc(value) ? fieldOf(value, part) : undefined, isDoc(value) ? parts : [], from + 1, found);
  }
  return found;
}

/** Whether a part of a path can be an array index. */
export function isIndex(part: string): boolean {
  return /^(0|[1-9]\d{0,6})$/.test(part);
}
