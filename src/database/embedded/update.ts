import { ObjectId } from 'bson';
import { CommandError, refuse, unsupported } from './errors.js';
import { equalValues } from './keys.js';
import { branchFilters, isOperators } from './match.js';
import { isIndex } from './paths.js';
import { UPDATE_OPERATORS, write } from './update-operators.js';
import type { Change } from './update-operators.js';
import { assertFieldName, fieldOf, isDoc, show, toDoc, typeOf } from './values.js';
import type { Doc } from './values.js';

/** A compiled update. Returns the changed document and does not modify the given one. */
export interface Update {
  readonly isReplacement: boolean;
  /** @param inserting Whether an upsert creates a new document. Then `$setOnInsert` is applied. */
  apply(doc: Doc, inserting: boolean): Doc;
}

interface PathChange {
  readonly operator: string;
  readonly parts: readonly string[];
  readonly change: Change;
}

/** Compiles an update or a replacement (manual: "Update Operators"). Refuses update pipelines and positional paths. */
export function compileUpdate(source: unknown): Update {
  if (Array.isArray(source)) throw unsupported('an update pipeline');
  const update = toDoc(source, 'update.updates.u');
  if (!isOperators(update)) return replacement(update);
  const changes = Object.entries(update).flatMap(([operator, operands]) => changesOf(operator, operands));
  // MongoDB applies changes in the order of their paths, and compares numbers as numbers. New fields have that order.
  changes.sort((a, b) => comparePaths(a.parts, b.parts));
  assertNoConflict(changes);
  return {
    isReplacement: false,
    apply: (doc, inserting) => {
      const changed = structuredCopy(doc) as Doc;
      for (const { operator, parts, change } of changes) {
        if (operator !== '$setOnInsert' || inserting) change(changed, parts);
      }
      return withSameId(doc, changed, inserting, changes);
    },
  };
}

function replacement(source: Doc): Update {
  const dollar = Object.keys(source).find((name) => name.startsWith('$'));
  if (dollar !== undefined) {
    throw new CommandError(52, `The dollar ($) prefixed field '${dollar}' is not allowed in a replacement document`);
  }
  return {
    isReplacement: true,
    apply: (doc) => {
      const before = fieldOf(doc, '_id');
      const after = fieldOf(source, '_id');
      if (before !== undefined && after !== undefined && !equalValues(before, after)) {
        throw new CommandError(66, `The (immutable) field '_id' would be altered to ${show(after)}`);
      }
      const id = before ?? after;
      return id === undefined ? { ...source } : Object.assign({ _id: id }, source, { _id: id });
    },
  };
}

function changesOf(operator: string, operands: unknown): PathChange[] {
  const make = UPDATE_OPERATORS[operator];
  if (make === undefined) {
    const message = `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update`;
    return refuse('update operator', operator, new CommandError(9, message));
  }
  if (!isDoc(operands)) {
    throw new CommandError(9, `Modifiers operate on fields but we found type ${typeOf(operands)} instead`);
  }
  return Object.entries(operands).map(([path, operand]) => {
    return { operator, parts: partsOf(path), change: make(path, operand) };
  });
}

/** Checks a path of an update. Refuses positional operators, which would otherwise be taken for names. */
function partsOf(path: string): string[] {
  if (path === '') throw new CommandError(56, 'An empty update path is not valid.');
  const parts = path.split('.');
  for (const part of parts) {
    if (part === '')
      throw new CommandError(56, `The update path '${path}' contains an empty field name, which is not allowed.`);
    if (part === '$' || part.startsWith('$[')) throw unsupported('a positional update operator');
    assertFieldName(part);
  }
  return parts;
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left, right] = [a[i] as string, b[i] as string];
    if (left === right) continue;
    if (isIndex(left) && isIndex(right)) return Number(left) - Number(right);
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

function assertNoConflict(sorted: readonly PathChange[]): void {
  for (const [i, { parts }] of sorted.entries()) {
    const before = sorted[i - 1]?.parts;
    if (before === undefined || !before.every((part, k) => parts[k] === part)) continue;
    throw new CommandError(
      40,
      `Updating the path '${parts.join('.')}' would create a conflict at '${before.join('.')}'`,
    );
  }
}

function withSameId(before: Doc, after: Doc, inserting: boolean, changes: readonly PathChange[]): Doc {
  const id = fieldOf(before, '_id');
  if (id === undefined && inserting) return after;
  const now = fieldOf(after, '_id');
  if (now !== undefined && id !== undefined && equalValues(id, now)) return after;
  const path = changes.find(({ parts }) => parts[0] === '_id')?.parts.join('.') ?? '_id';
  throw new CommandError(66, `Performing an update on the path '${path}' would modify the immutable field '_id'`);
}

/** Copies the documents and arrays of a value. Other values are shared, because they are never modified. */
function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (!isDoc(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, structuredCopy(field)]));
}

/**
 * Returns the document to which an upsert applies its update (manual: "Upsert with Operator Expressions"): the fields
 * for which the filter requires one value, by equality, `$eq`, or `$in` or `$all` with one element, also under `$and`
 * and an `$or` with one branch.
 */
function upsertSeed(filter: Doc, update: Update): Doc {
  const seed: Doc = {};
  const taken: string[] = [];
  for (const [path, value] of equalities(filter)) {
    if (update.isReplacement && path !== '_id') continue;
    const clash = taken.find((other) => other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`));
    if (clash !== undefined)
      throw new CommandError(54, `cannot infer query fields to set, path '${path}' is matched twice`);
    taken.push(path);
    write(seed, partsOf(path), () => structuredCopy(value));
  }
  return seed;
}

/** Returns the document that an upsert inserts. `_id` is first, and generated when filter and update have none. */
export function upsertDocument(filter: Doc, update: Update): Doc {
  return withIdFirst(update.apply(upsertSeed(filter, update), true));
}

/** Manual: "The _id Field". Makes `_id` the first field, and generates it when the client sent none. */
export function withIdFirst(doc: Doc): Doc {
  const id = fieldOf(doc, '_id');
  if (id === undefined) return { _id: new ObjectId(), ...doc };
  if (Array.isArray(id)) throw new CommandError(53, "The '_id' value cannot be of type array");
  if (isOperators(id)) throw new CommandError(52, '_id fields may not contain $-prefixed fields');
  return Object.keys(doc)[0] === '_id' ? doc : { _id: id, ...doc };
}

function equalities(filter: Doc): [string, unknown][] {
  return Object.entries(filter).flatMap(([name, condition]): [string, unknown][] => {
    if (name === '$and') return branchFilters(name, condition).flatMap(equalities);
    if (name === '$or') {
      const branches = branchFilters(name, condition);
      return branches.length === 1 ? equalities(branches[0] as Doc) : [];
    }
    if (name.startsWith('$')) return [];
    if (!isOperators(condition)) return [[name, condition]];
    const values = ['$in', '$all'].map((operator) => condition[operator]);
    const single = values.find((list): list is unknown[] => Array.isArray(list) && list.length === 1)?.[0];
    const value = '$eq' in condition ? condition['$eq'] : single;
    return value === undefined || isOperators(value) ? [] : [[name, value]];
  });
}
