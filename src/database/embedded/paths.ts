import { fieldOf, isDoc } from './values.js';

/** An array met as one value, by its index or as an element of an array: its own elements are not looked at. */
export class WholeArray {
  constructor(readonly elements: readonly unknown[]) {}
}

/** The array itself, however it was met. */
export function arrayOf(value: unknown): readonly unknown[] | undefined {
  if (value instanceof WholeArray) return value.elements;
  return Array.isArray(value) ? value : undefined;
}

/** A value that stands for itself only, even when it is an array. */
export function whole(value: unknown): unknown {
  return Array.isArray(value) ? new WholeArray(value) : value;
}

/**
 * Every value a dotted path leads to, as queries see it (manual: "Query an Array of Embedded Documents"): an array on
 * the way stands for each of its documents and, where the next part is a number, for that element. A field that is
 * missing counts as one undefined value; an array on the way that holds no document counts as nothing.
 */
export function valuesAt(value: unknown, parts: readonly string[], from = 0, found: unknown[] = []): unknown[] {
  const part = parts[from];
  if (part === undefined) {
    found.push(value);
  } else if (Array.isArray(value)) {
    if (isIndex(part) && Number(part) < value.length) {
      const element: unknown = value[Number(part)];
      valuesAt(from + 1 === parts.length ? whole(element) : element, parts, from + 1, found);
    }
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
