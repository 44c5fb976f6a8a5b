import { CommandError, refuse } from './errors.js';
import { assertComparable, compareValues, equalValues } from './keys.js';
import { elementTest, isOperators } from './match.js';
import { add, isNumber } from './numbers.js';
import { isIndex } from './paths.js';
import { fieldOf, isDoc, show, typeOf } from './values.js';
import type { Doc } from './values.js';

/** Changes the value at a path of a document. Modifies the document, so pass a copy. */
export type Change = (doc: Doc, parts: readonly string[]) => void;
type Operator = (path: string, operand: unknown) => Change;

/** The supported update operators (manual: "Update Operators"). */
export const UPDATE_OPERATORS: Readonly<Record<string, Operator>> = {
  $set: (_path, operand) => (doc, parts) => write(doc, parts, () => operand),
  $setOnInsert: (_path, operand) => (doc, parts) => write(doc, parts, () => operand),
  $unset: () => (doc, parts) => erase(doc, parts),
  $inc: increment,
  $min: (_path, operand) => extreme(operand, -1),
  $max: (_path, operand) => extreme(operand, 1),
  $push: push,
  $addToSet: addToSet,
  $pull: pull,
};

/** The document or array that contains the last part of a path. */
interface Place {
  readonly holder: Doc | unknown[];
  readonly last: string;
}

/** Finds the place of a path. With `make`, creates missing documents; otherwise returns undefined when one is missing. */
function placeOf(doc: Doc, parts: readonly string[], make: boolean): Place | undefined {
  let holder: Doc | unknown[] = doc;
  for (const [i, part] of parts.entries()) {
    if (Array.isArray(holder) && !isIndex(part)) {
      if (!make) return undefined;
      throw notViable(part, parts[i - 1] ?? '', holder);
    }
    if (i === parts.length - 1) return { holder, last: part };
    let next = read({ holder, last: part });
    if (next === undefined) {
      if (!make) return undefined;
      next = {};
      put({ holder, last: part }, next);
    }
    if (!isDoc(next) && !Array.isArray(next)) {
      if (!make) return undefined;
      throw notViable(parts[i + 1] ?? '', part, next);
    }
    holder = next;
  }
  return undefined;
}

function notViable(part: string, parent: string, value: unknown): CommandError {
  return new CommandError(28, `Cannot create field '${part}' in element {${parent}: ${show(value)}}`);
}

function read({ holder, last }: Place): unknown {
  return Array.isArray(holder) ? holder[Number(last)] : fieldOf(holder, last);
}

const MAX_PADDING = 1_500_000;

function put({ holder, last }: Place, value: unknown): void {
  if (!Array.isArray(holder)) {
    holder[last] = value;
    return;
  }
  const index = Number(last);
  if (index - holder.length > MAX_PADDING)
    throw new CommandError(2, 'cannot backfill array to larger than 1500000 elements');
  while (holder.length < index) holder.push(null);
  holder[index] = value;
}

/** Changes the value at a path, and creates missing documents. `change` gets undefined when there is no value. */
export function write(doc: Doc, parts: readonly string[], change: (value: unknown) => unknown): void {
  const before = placeOf(doc, parts, false);
  const value = change(before === undefined ? undefined : read(before));
  const place = placeOf(doc, parts, true);
  if (place !== undefined) put(place, value);
}

/** Manual: "$unset". Removes a field. An element of an array becomes null. */
function erase(doc: Doc, parts: readonly string[]): void {
  const place = placeOf(doc, parts, false);
  if (place === undefined) return;
  if (!Array.isArray(place.holder)) Reflect.deleteProperty(place.holder, place.last);
  else if (Number(place.last) < place.holder.length) place.holder[Number(place.last)] = null;
}

function increment(path: string, operand: unknown): Change {
  if (!isNumber(operand)) {
    throw new CommandError(14, `Cannot increment with non-numeric argument: {${path}: ${show(operand)}}`);
  }
  return (doc, parts) =>
    write(doc, parts, (value) => {
      if (value === undefined) return operand;
      const where = `document {_id: ${show(fieldOf(doc, '_id'))}}, field '${path}'`;
      if (!isNumber(value)) throw new CommandError(14, `Cannot apply $inc to a value of non-numeric type: ${where}`);
      const sum = add(value, operand);
      if (sum === undefined) throw new CommandError(2, `Failed to apply $inc, the value would overflow: ${where}`);
      return sum;
    });
}

function extreme(operand: unknown, sign: 1 | -1): Change {
  return (doc, parts) =>
    write(doc, parts, (value) => {
      return value === undefined || compareValues(operand, value) * sign > 0 ? operand : value;
    });
}

/** Returns the values that `$push` and `$addToSet` add: one value, or with `$each` a list of values. */
function addedBy(name: string, operand: unknown): readonly unknown[] {
  if (!isOperators(operand) || !('$each' in operand)) return [operand];
  const { $each: values, ...modifiers } = operand;
  const [modifier] = Object.keys(modifiers);
  if (modifier !== undefined) {
    refuse('modifier', modifier, new CommandError(2, `Unrecognized clause in ${name}: ${modifier}`));
  }
  if (Array.isArray(values)) return values;
  throw new CommandError(2, `The argument to $each in ${name} must be an array but it was of type ${typeOf(values)}`);
}

function push(_path: string, operand: unknown): Change {
  const values = addedBy('$push', operand);
  return (doc, parts) =>
    write(doc, parts, (value) => [...elementsOf('$push', value === undefined ? [] : value), ...values]);
}

function addToSet(_path: string, operand: unknown): Change {
  const values = addedBy('$addToSet', operand);
  return (doc, parts) =>
    write(doc, parts, (value) => {
      const elements = [...elementsOf('$addToSet', value === undefined ? [] : value)];
      for (const one of values) if (!elements.some((element) => equalValues(element, one))) elements.push(one);
      return elements;
    });
}

/** Manual: "$pull". Operators and documents are conditions for elements; other operands are compared with elements. */
function pull(_path: string, operand: unknown): Change {
  assertComparable(operand);
  const test = isDoc(operand) ? elementTest(operand) : (element: unknown) => equalValues(element, operand);
  return (doc, parts) => {
    const place = placeOf(doc, parts, false);
    const value = place === undefined ? undefined : read(place);
    if (place === undefined || value === undefined) return;
    put(
      place,
      elementsOf('$pull', value).filter((element) => !test(element)),
    );
  };
}

function elementsOf(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new CommandError(2, `Cannot apply ${name} to a value of non-array type ${typeOf(value)}`);
}
