import { compilePicker } from './encoded.js';
import type { Encoded, FieldTree } from './encoded.js';
import { CommandError, refuse } from './errors.js';
import { assertComparable, compareValues, equalValues, rankOf } from './keys.js';
import { isNaNValue, toNumber } from './numbers.js';
import { arrayOf, valuesAt, whole, WholeArray } from './paths.js';
import { decode, isDoc, truthy, typeOf } from './values.js';
import type { Doc } from './values.js';

export type Predicate = (doc: Doc) => boolean;
/** A condition on all values at a path. Arrays are not split into their elements. */
type ValuesTest = (values: readonly unknown[]) => boolean;
/** A condition on one value, or on one element of an array. */
type ValueTest = (value: unknown) => boolean;

/**
 * Compiles a filter (manual: "Query and Projection Operators"). Refuses unknown operators, as MongoDB does.
 */
export function compileFilter(filter: Doc): Predicate {
  const tests = Object.entries(filter).map(([name, condition]) => {
    if (name.startsWith('$')) return logical(name, condition);
    const test = compileCondition(condition);
    const parts = name.split('.');
    return (doc: Doc) => test(valuesAt(doc, parts));
  });
  return (doc) => tests.every((test) => test(doc));
}

/** Compiles a filter of encoded documents. Decodes only the top-level fields that the filter names. */
export function compileEncodedFilter(filter: Doc): (bytes: Encoded) => boolean {
  const matches = compileFilter(filter);
  const named: FieldTree = new Map(namesIn(filter).map((name) => [name, true]));
  const pick = compilePicker(named, true);
  return (bytes) => matches(decode(pick(bytes) ?? bytes));
}

/** Returns the names of the top-level fields that decide whether a document matches. */
function namesIn(filter: Doc): string[] {
  return Object.entries(filter).flatMap(([name, condition]) =>
    name.startsWith('$') ? branchFilters(name, condition).flatMap(namesIn) : name.split('.', 1),
  );
}

const LOGICAL = ['$and', '$or', '$nor'];

function logical(name: string, condition: unknown): Predicate {
  if (!LOGICAL.includes(name)) {
    refuse('query operator', name, new CommandError(2, `unknown top level operator: ${name}`));
  }
  const tests = branchFilters(name, condition).map(compileFilter);
  if (name === '$and') return (doc) => tests.every((test) => test(doc));
  const any: Predicate = (doc) => tests.some((test) => test(doc));
  return name === '$or' ? any : (doc) => !any(doc);
}

/** Returns the filters under `$and`, `$or` or `$nor`. They must be documents in an array that is not empty. */
export function branchFilters(name: string, condition: unknown): Doc[] {
  if (!Array.isArray(condition)) throw new CommandError(2, `${name} must be an array`);
  if (condition.length === 0) throw new CommandError(2, '$and/$or/$nor must be a nonempty array');
  return condition.map((branch: unknown) => {
    if (!isDoc(branch)) throw new CommandError(2, '$or/$and/$nor entries need to be full objects');
    return branch;
  });
}

/** Whether a condition is a document of operators. Other fields among operators are refused by `operatorTest`. */
export function isOperators(condition: unknown): condition is Doc {
  return isDoc(condition) && Object.keys(condition)[0]?.startsWith('$') === true;
}

/** Compiles the condition for a path: operators, or equality with a value. */
function compileCondition(condition: unknown): ValuesTest {
  if (!isOperators(condition)) return equalTo(condition);
  const tests = Object.entries(condition).map(([name, operand]) => operatorTest(name, operand));
  return (values) => tests.every((test) => test(values));
}

function operatorTest(name: string, operand: unknown): ValuesTest {
  switch (name) {
    case '$eq':
      return equalTo(operand);
    case '$ne':
      return not(equalTo(operand));
    case '$in':
      return oneOf('$in', operand);
    case '$nin':
      return not(oneOf('$nin', operand));
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return compared(name, operand);
    case '$exists': {
      const wanted = truthy(operand);
      return (values) => values.some((value) => value !== undefined) === wanted;
    }
    case '$size':
      return hasSize(operand);
    case '$all':
      return hasAll(operand);
    case '$elemMatch':
      return elementMatches(operand);
    case '$not':
      return negated(operand);
    default:
      return refuse('query operator', name, new CommandError(2, `unknown operator: ${name}`));
  }
}

/** An array matches when it or one of its elements matches (manual: "Query an Array for an Element"). */
function some(test: ValueTest): ValuesTest {
  return (values) =>
    values.some((value) => {
      if (value instanceof WholeArray) return test(value.elements);
      return (Array.isArray(value) && value.some(test)) || test(value);
    });
}

function not(test: ValuesTest): ValuesTest {
  return (values) => !test(values);
}

/** Manual: "$eq". Null also equals a missing field. */
function equalTo(operand: unknown): ValuesTest {
  assertComparable(operand);
  return some((value) => equalValues(value, operand));
}

/** Manual: "$gt", "Type Bracketing". Only values of the operand's type match. Null matches only `$gte` and `$lte`. */
function compared(name: string, operand: unknown): ValuesTest {
  assertComparable(operand);
  const orEqual = name.endsWith('e');
  const sign = name.startsWith('$g') ? 1 : -1;
  const rank = rankOf(operand);
  if (isNaNValue(operand)) return orEqual ? equalTo(operand) : () => false;
  return some((value) => {
    if (rankOf(value) !== rank || isNaNValue(value)) return false;
    const order = compareValues(value, operand);
    return order === 0 ? orEqual : Math.sign(order) === sign;
  });
}

/** Looks up texts in a set, because there may be hundreds of ids. Compares other operands one by one. */
function oneOf(name: string, operand: unknown): ValuesTest {
  if (!Array.isArray(operand)) throw new CommandError(2, `${name} needs an array`);
  const texts = new Set<unknown>();
  const tests: ValuesTest[] = [some((value) => texts.has(value))];
  for (const element of operand as unknown[]) {
    if (isOperators(element)) throw new CommandError(2, `cannot nest $ under ${name}`);
    if (typeof element === 'string') texts.add(element);
    else tests.push(equalTo(element));
  }
  return (values) => tests.some((test) => test(values));
}

function hasSize(operand: unknown): ValuesTest {
  const size = toNumber(operand);
  if (!Number.isInteger(size) || size < 0) {
    throw new CommandError(2, `Failed to parse $size. Expected a non-negative integer, found: ${typeOf(operand)}`);
  }
  return (values) => values.some((value) => arrayOf(value)?.length === size);
}

function hasAll(operand: unknown): ValuesTest {
  if (!Array.isArray(operand)) throw new CommandError(2, '$all needs an array');
  const tests = operand.map((element: unknown) => {
    if (isOperators(element) && !('$elemMatch' in element)) throw new CommandError(2, 'no $ expressions in $all');
    return compileCondition(element);
  });
  return (values) => tests.length > 0 && tests.every((test) => test(values));
}

/** Manual: "$elemMatch (query)". One element must match the filter as a document, or all operators as a value. */
function elementMatches(operand: unknown): ValuesTest {
  if (!isDoc(operand)) throw new CommandError(2, '$elemMatch needs an Object');
  const test = elementTest(operand);
  return (values) => values.some((value) => arrayOf(value)?.some(test) === true);
}

/** Compiles the condition of `$elemMatch` or `$pull` on an element of an array. */
export function elementTest(operand: Doc): ValueTest {
  if (isOperators(operand) && !LOGICAL.includes(Object.keys(operand)[0] ?? '')) {
    const test = compileCondition(operand);
    return (element) => test([whole(element)]);
  }
  const test = compileFilter(operand);
  return (element) =>
    isDoc(element) ? test(element) : Array.isArray(element) && test(Object.fromEntries(element.entries()));
}

function negated(operand: unknown): ValuesTest {
  if (!isDoc(operand)) throw new CommandError(2, '$not needs a document');
  if (!isOperators(operand)) throw new CommandError(2, '$not needs operators');
  return not(compileCondition(operand));
}
