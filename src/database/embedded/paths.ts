import { fieldOf, isDoc } from './values.js';

/** An array that a query compares as one value, because a number of the path or `$elemMatch` picked it out. */
export class WholeArray {
  constructor(readonly elements: readonly unknown[]) {}
}

/** The array behind a value: itself, or the one in a WholeArray. Undefined for other values. */
export function arrayOf(value: unknown): readonly unknown[] | undefined {
  if (value instanceof WholeArray) return value.elements;
  return Array.isArray(value) ? value : undefined;
}

/** Marks an array as one value. Other values are returned as they are. */
export function whole(value: unknown): unknown {
  return Array.isArray(value) ? new WholeArray(value) : value;
}

/**
 * Every value that a dotted path leads to, as queries see it (manual: "Query an Array of Embedded Documents"; the order
 * of steps is that of the server's src/mongo/db/matcher/path.cpp).
 *
 * - A missing field counts as one undefined value.
 * - An array on the way stands for each document in it. Its other elements have no fields, so they count as nothing.
 * - A number in the path is a field's name and an index: of an array it also leads to the element at that index. From
 *   there the path goes on when the element is a document or an array.
 * - An element that the last number of the path picks is one value: `{ 'a.0': 1 }` does not look into an inner array,
 *   so it does not match `{ a: [[1]] }`; `{ 'a.0': [1] }` and `{ 'a.0.0': 1 }` do.
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

/** Whether a part of a path can be an array's index. */
export function isIndex(part: string): boolean {
  return /^(0|[1-9]\d{0,6})$/.test(part);
}
