import { CommandError, refuse, unsupported } from './errors.js';
import { encodeKey } from './keys.js';
import { toCount, toNumber } from './numbers.js';
import { compileProjection } from './projection.js';
import type { Found, Query } from './scan.js';
import { fieldOf, isDoc, toArray, toDoc } from './values.js';
import type { Doc } from './values.js';

/** An aggregation: a query, and a function that makes the results from the found documents. */
export interface Pipeline {
  readonly query: Query;
  readonly finish: (found: Iterable<Found>) => Iterable<Doc>;
}

/** The supported stages. Each may be used once, in this order. */
const STAGES = ['$match', '$sort', '$skip', '$limit', '$project', '$group'];

/** Parses a pipeline. `$group` can only count: all documents, or those with each value of a field. */
export function parsePipeline(source: unknown, hint: unknown): Pipeline {
  const given: Doc = {};
  let last = -1;
  for (const stage of toArray(source, 'aggregate.pipeline')) {
    const [[name, operand] = ['', undefined], ...others] = Object.entries(toDoc(stage, 'aggregate.pipeline'));
    if (name === '' || others.length > 0) {
      throw new CommandError(40323, 'A pipeline stage specification object must contain exactly one field.');
    }
    const place = STAGES.indexOf(name);
    if (place === -1) refuse('stage', name, new CommandError(40324, `Unrecognized pipeline stage name: '${name}'`));
    if (place <= last) throw unsupported(`${name} after ${STAGES[last]}`);
    last = place;
    given[name] = operand;
  }
  const limit = given['$limit'] === undefined ? undefined : toCount(given['$limit'], '$limit');
  if (limit === 0) throw new CommandError(15958, 'the limit must be positive');
  const query = {
    filter: toDoc(given['$match'] ?? {}, '$match'),
    sort: toDoc(given['$sort'] ?? {}, '$sort'),
    skip: toCount(given['$skip'] ?? 0, '$skip'),
    limit: limit ?? 0,
    hint,
  };
  return { query, finish: finisher(given['$project'], given['$group']) };
}

function finisher(projection: unknown, group: unknown): Pipeline['finish'] {
  const project = projection === undefined ? (doc: Doc) => doc : compileProjection(toDoc(projection, '$project'));
  if (isDoc(projection) && Object.keys(projection).length === 0) {
    throw new CommandError(51272, 'Invalid $project: projection specification must have at least one field');
  }
  if (group !== undefined) return countOf(toDoc(group, '$group'));
  return function* (found) {
    for (const { doc } of found) yield project(doc);
  };
}

/**
 * `{ _id: 1, n: { $sum: 1 } }` counts all documents; drivers send it for `countDocuments`. `{ _id: '$field', ... }`
 * counts the documents with each value of a field. A document without the field counts as null (manual: "$group").
 */
function countOf(group: Doc): Pipeline['finish'] {
  const { _id: id, ...rest } = group;
  const [[name, sum] = ['', undefined], ...others] = Object.entries(rest);
  const isCount = isDoc(sum) && Object.keys(sum).length === 1 && toNumber(fieldOf(sum, '$sum')) === 1;
  if (!isCount || others.length > 0) throw unsupported('a $group that does more than to count');
  const idOf = groupIdOf(id);
  return function* (found) {
    const groups = new Map<string, { readonly id: unknown; n: number }>();
    for (const { doc } of found) {
      const value = idOf(doc);
      const key = encodeKey([value]).toString('latin1');
      const counted = groups.get(key) ?? { id: value, n: 0 };
      counted.n++;
      groups.set(key, counted);
    }
    for (const { id: value, n } of groups.values()) yield { _id: value, [name]: n };
  };
}

/** Returns a function that returns the group of a document: a constant, or the value of a field. */
function groupIdOf(id: unknown): (doc: Doc) => unknown {
  if (id === null || !Number.isNaN(toNumber(id))) return () => id;
  const [, field] = typeof id === 'string' ? (/^\$([^$.]+)$/.exec(id) ?? []) : [];
  if (field === undefined) throw unsupported('a $group by anything but a field');
  return (doc) => fieldOf(doc, field) ?? null;
}
