import { CommandError, refuse } from './errors.js';
import { keyFields } from './index-keys.js';
import type { KeyField } from './index-keys.js';
import { compileFilter, isOperators } from './match.js';
import type { Predicate } from './match.js';
import { isIndex } from './paths.js';
import { isDoc, isSame, show, toDoc, truthy } from './values.js';
import type { Doc } from './values.js';

/** The specification of an index: the document for `listIndexes`, and its parsed values. */
export interface IndexSpec {
  readonly name: string;
  readonly fields: readonly KeyField[];
  readonly unique: boolean;
  readonly sparse: boolean;
  readonly partial: { readonly filter: Doc; readonly matches: Predicate } | undefined;
  readonly doc: Doc;
}

const OPTIONS = ['key', 'name', 'v', 'unique', 'sparse', 'partialFilterExpression', 'background', 'ns'];

/** Parses an element of `createIndexes.indexes` (manual: "createIndexes"). Refuses unsupported options. */
export function parseIndexSpec(source: unknown): IndexSpec {
  const given = toDoc(source, 'createIndexes.indexes');
  for (const option of Object.keys(given)) {
    if (OPTIONS.includes(option)) continue;
    const message = `The field '${option}' is not valid for an index specification. Specification: ${show(given)}`;
    refuse('index option', option, new CommandError(197, message));
  }
  const { name, partialFilterExpression: filter } = given;
  const key = toDoc(given['key'], 'createIndexes.indexes.key');
  const doc: Doc = { v: 2, key, name: isSame(Object.keys(key), ['_id']) ? '_id_' : name };
  if (truthy(given['unique'])) doc['unique'] = true;
  if (truthy(given['sparse'])) doc['sparse'] = true;
  if (filter !== undefined) doc['partialFilterExpression'] = filter;
  if (typeof name !== 'string') {
    throw new CommandError(9, "The 'name' field is a required property of an index specification");
  }
  if (name === '' || name === '*') throw new CommandError(67, `The index name '${name}' is not valid.`);
  if (filter !== undefined) assertPartial(filter);
  if (filter !== undefined && truthy(given['sparse'])) {
    throw new CommandError(67, 'cannot mix "partialFilterExpression" and "sparse" options');
  }
  const spec = specOf(doc);
  assertFields(spec.fields);
  return spec;
}

/** Parses a stored specification. */
export function specOf(doc: Doc): IndexSpec {
  const filter = doc['partialFilterExpression'];
  const name = doc['name'] as string;
  return {
    name,
    fields: keyFields(doc['key'] as Doc, badDirection),
    unique: doc['unique'] === true || name === '_id_',
    sparse: doc['sparse'] === true,
    partial: isDoc(filter) ? { filter, matches: compileFilter(filter) } : undefined,
    doc,
  };
}

function badDirection(direction: unknown, path: string): CommandError {
  return typeof direction === 'string'
    ? new CommandError(67, `Index type '${direction}' of ${path} is not supported by the embedded database`)
    : new CommandError(67, 'Values in the index key pattern must be non-zero numbers or strings.');
}

/**
 * Refuses paths with numbers. A number may be an array index or a field name: a query looks for both, but an index entry
 * can contain only one. MongoDB refuses documents in which it could be both (code 16746).
 */
function assertFields(fields: readonly KeyField[]): void {
  if (fields.length === 0 || fields.length > 31) throw new CommandError(67, 'Index keys must have 1 to 31 fields');
  for (const { path, parts } of fields) {
    if (parts.some((part) => part === '' || part.startsWith('$') || isIndex(part))) {
      throw new CommandError(67, `An index on '${path}' is not supported by the embedded database`);
    }
  }
}

const PARTIAL_OPERATORS = ['$eq', '$gt', '$gte', '$lt', '$lte', '$in', '$exists'];

/** Manual: "Create a Partial Index". Only these operators are allowed, and only `$exists: true`. */
function assertPartial(filter: unknown): void {
  for (const [name, condition] of Object.entries(toDoc(filter, 'partialFilterExpression'))) {
    const operators = isOperators(condition) ? Object.entries(condition) : [];
    const wrong = operators.find(([operator, operand]) => {
      return !PARTIAL_OPERATORS.includes(operator) || (operator === '$exists' && !truthy(operand));
    });
    if (!name.startsWith('$') && wrong === undefined) continue;
    throw new CommandError(67, `unsupported expression in partial index: ${wrong?.[0] ?? name}`);
  }
}
