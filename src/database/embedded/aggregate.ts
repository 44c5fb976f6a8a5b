import { CommandError, refuse, unsupported } from './errors.js';
import { toCount, toNumber } from './numbers.js';
import { compileProjection } from './projection.js';
import type { Found, Query } from './scan.js';
import { fieldOf, isDoc, toArray, toDoc } from './values.js';
import type { Doc } from './values.js';

/** An aggregation as the query that it is, and what becomes of the documents found. */
export interface Pipeline {
  readonly query: Query;
  readonly finish: (found: Iterable<Found>) => Iterable<Doc>;
}

/** The stages there are; each may come once, in this order. */
const STAGES = ['$match', '$sort', '$skip', '$limit', '$project', '$group'];

/** Reads a pipeline that is no more than a query; `$group` only as drivers send it for `countDocuments`. */
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
  const counted = group === undefined ? undefined : countOf(toDoc(group, '$group'));
  return function* (found) {
    let n = 0;
    for (const { doc } of found) {
      n++;
      if (counted === undefined) yield project(doc);
    }
    if (counted !== undefined && n > 0) yield { _id: counted.id, [counted.name]: n };
  };
}

/** `{ _id: 1, n: { $sum: 1 } }`: all documents are one group, and their number is asked for. */
function countOf(group: Doc): { readonly id: unknown; readonly name: string } {
  const { _id: id, ...rest } = group;
  const [[name, sum] = ['', undefined], ...others] = Object.entries(rest);
  const isOne = id === null || !Number.isNaN(toNumber(id));
  const isCount = isDoc(sum) && Object.keys(sum).length === 1 && toNumber(fieldOf(sum, '$sum')) === 1;
  if (!isOne || !isCount || others.length > 0) throw unsupported('a $group that does more than to count');
  return { id, name };
}
