/**
 * The shared world of the model: documents, stored objects, the clock, what is still on its way. One operation is one
 * atomic step: one command on one document, or one request to a store. Filters and updates are those of the embedded
 * database, which its own tests compare with MongoDB. Worlds, operations and answers are numbered: equal ones have equal
 * numbers.
 *
 * A world has these fields:
 * - `t`: the clock, in milliseconds
 * - `f`: faults left; `k`: ticks left, [minutes, deadlines]; `x`: 1 right after a tick, until somebody reads the clock
 * - `d`: documents, { 'collection/id': number of the document }; `o`: objects, { 'storage/key': bytes }
 * - `u`: direct uploads that the stores have begun, { 'storage/key#id': bytes of the only part; '' without it }
 * - `w`: operations on their way, [number of the operation]
 * - `p`: files that were ever live; `q`: files that were taken out; `c`: what each clear took out; `bad`: what went wrong
 */
import { compileFilter } from '../../dist/database/embedded/match.js';
import { compileUpdate, upsertDocument } from '../../dist/database/embedded/update.js';
import { encode, Interner, prune } from './values.js';
import { isOwner, watched } from './invariants.js';
import { LATE_MS } from './times.js';

const docs = new Interner();
export const docId = (doc) => docs.of(encode(doc), doc);
export const docOf = (id) => docs.items[id];
export const ops = new Interner();
export const opId = (op) => ops.of(encode(op), op);
export const results = new Interner();
export const resultId = (result) => results.of(encode(result), result);

const worlds = new Interner();
const flat = (o) =>
  Object.keys(o)
    .sort()
    .map((name) => `${name}=${o[name]}`)
    .join(';');
const textOf = (w) =>
  [w.t, w.f, w.k, w.x, flat(w.d), flat(w.o), flat(w.u), w.w, w.p, w.q, flat(w.c), w.bad ?? ''].map(String).join('|');
export const worldId = (w) => worlds.of(textOf(w), w);
export const world = (id) => worlds.items[id];
export const worldCount = () => worlds.items.length;

/** Before another search: numbers begin anew, but those of documents, which scenarios name. */
export function forgetNumbers() {
  for (const interner of [ops, results, worlds]) interner.clear();
}

/** The documents of a collection, in the order of their ids. */
export function docsIn(w, collection) {
  const keys = Object.keys(w.d).filter((key) => key.startsWith(`${collection}/`));
  return keys.sort().map((key) => docs.items[w.d[key]]);
}

const READS = ['find', 'findOne', 'exists'];
const STORE_WRITES = ['put', 'delete', 'begin', 'part', 'complete', 'abort', 'end'];
export const isWrite = (op) => (op.k === 'db' ? !READS.includes(op.m) : STORE_WRITES.includes(op.m));

const memo = (compile) => {
  const known = new Map();
  return (source) => {
    const text = encode(source);
    if (!known.has(text)) known.set(text, compile(source));
    return known.get(text);
  };
};
const predicate = memo(compileFilter);
const updateOf = memo((update) =>
  compileUpdate(Object.fromEntries(Object.entries(update).filter(([, value]) => Object.keys(value).length > 0))),
);

function project(doc, projection) {
  if (!projection || !doc) return doc;
  const names = Object.keys(projection).filter((name) => name !== '_id');
  if (names.length === 0) return projection._id ? { _id: doc._id } : doc;
  const entries = Object.entries(doc);
  if (projection[names[0]] === 0) return Object.fromEntries(entries.filter(([name]) => projection[name] !== 0));
  return Object.fromEntries(entries.filter(([name]) => name === '_id' || projection[name]));
}

/** Fields of rows that no process looks at once it has read a row: only filters compare them. */
const UNREAD = ['deadline', 'due'];
const readable = (doc) =>
  doc ? Object.fromEntries(Object.entries(doc).filter(([name]) => !UNREAD.includes(name))) : doc;
/** Commands whose answer nobody looks at. */
const isUnread = (op) =>
  ['create', 'deleteOne', 'deleteMany', 'updateMany'].includes(op.m) || op.o?.upsert || op.u?.$pull;

/** Applies one operation. Returns the next world and the answer, as far as a process looks at it: { ok } or { err }. */
export function apply(w, op) {
  if (op.k !== 'db') return applyStorage(w, op);
  const [next, result] = applyDb(w, op);
  if ('err' in result) return [next, result];
  if (op.m !== 'findOneAndUpdate' && isUnread(op)) return [next, { ok: null }];
  if (op.c !== 'media_objects' || op.m === 'updateOne') return [next, result];
  const { ok } = result;
  return [next, { ok: Array.isArray(ok) ? ok.map(readable) : readable(ok) }];
}

function applyDb(w, op) {
  const { c, m } = op;
  if (m === 'create') {
    const key = `${c}/${op.d._id}`;
    if (key in w.d) return [w, { err: 'duplicate' }];
    return hasSessionOf(w, op.d) ? [w, { err: 'taken' }] : [withDoc(w, key, op.d, op), { ok: null }];
  }
  const found = docsIn(w, c).filter(predicate(op.f ?? {}));
  switch (m) {
    case 'find':
      return [w, { ok: page(found, op).map((doc) => project(doc, op.p)) }];
    case 'findOne':
      return [w, { ok: found[0] ? project(found[0], op.p) : null }];
    case 'exists':
      return [w, { ok: found[0] ? { _id: found[0]._id } : null }];
    case 'deleteOne':
    case 'deleteMany': {
      const gone = m === 'deleteOne' ? found.slice(0, 1) : found;
      return [gone.reduce((next, doc) => withoutDoc(next, `${c}/${doc._id}`, op), w), { ok: null }];
    }
    case 'updateMany':
    case 'updateOne':
    case 'findOneAndUpdate':
      return applyUpdate(w, op, m === 'updateMany' ? found : found.slice(0, 1));
    default:
      throw new Error(`The model does not know the command ${m}.`);
  }
}

/** The unique index on the idempotency keys of sessions. */
function hasSessionOf(w, { session }) {
  if (session?.idempotencyKey === undefined) return false;
  const isSame = (row) =>
    row.session?.idempotencyKey === session.idempotencyKey && row.session.makerId === session.makerId;
  return docsIn(w, 'media_objects').some(isSame);
}

function page(found, { s, l }) {
  let list = found;
  if (s) {
    const [[field, sign]] = Object.entries(s);
    list = [...list].sort((a, b) => (a[field] < b[field] ? -sign : a[field] > b[field] ? sign : 0));
  }
  return l ? list.slice(0, l) : list;
}

function applyUpdate(w, op, matched) {
  const { c, m } = op;
  const change = updateOf(op.u);
  if (matched.length === 0 && op.o?.upsert) {
    const doc = upsertDocument(op.f, change);
    return [withDoc(w, `${c}/${doc._id}`, doc, op), { ok: m === 'updateOne' ? null : project(prune(doc), op.p) }];
  }
  let next = w;
  let last = null;
  for (const doc of matched) {
    last = prune(change.apply(doc, false));
    next = withDoc(next, `${c}/${doc._id}`, last, op);
  }
  return [next, { ok: m === 'findOneAndUpdate' ? project(last, op.p) : { matchedCount: matched.length } }];
}

function applyStorage(w, op) {
  const place = `${op.s}/${op.key}`;
  switch (op.m) {
    case 'put':
      // What was sent arrives within LATE, or never.
      if (w.t - op.sent > LATE_MS) return [w, { err: 'unavailable' }];
      // A disk never overwrites (link(2)); a bucket does.
      if (op.s === 'local' && place in w.o) return [w, { err: 'exists' }];
      return [{ ...w, o: { ...w.o, [place]: op.text } }, { ok: null }];
    case 'delete': {
      const { [place]: gone, ...o } = w.o;
      return [gone === undefined ? w : { ...w, o }, { ok: null }];
    }
    case 'stat':
      return [w, { ok: place in w.o ? w.o[place].length : null }];
    case 'open':
      return [w, place in w.o ? { ok: w.o[place] } : { err: 'no-object' }];
    case 'list': {
      const keys = Object.keys(w.o).filter((key) => key.startsWith(place));
      return [w, { ok: keys.sort().map((key) => [key.slice(op.s.length + 1), w.o[key].length]) }];
    }
    case 'measure':
    case 'start':
      return [w, { ok: null }];
    default:
      return applyDirect(w, op);
  }
}

/** Requests of direct uploads. A store forgets an upload that was completed or ended. */
function applyDirect(w, op) {
  const place = `${op.s}/${op.key}`;
  const upload = `${place}#${op.id}`;
  const { [upload]: text, ...rest } = w.u;
  switch (op.m) {
    case 'begin':
      if (w.t - op.sent > LATE_MS) return [w, { err: 'unavailable' }];
      return [{ ...w, u: { ...w.u, [upload]: '' } }, { ok: null }];
    case 'part':
      return text === undefined ? [w, { err: 'gone' }] : [{ ...w, u: { ...w.u, [upload]: op.text } }, { ok: null }];
    case 'parts':
      return text === undefined ? [w, { err: 'gone' }] : [w, { ok: text.length }];
    case 'complete':
      if (text) return [{ ...w, u: rest, o: { ...w.o, [place]: text } }, { ok: null }];
      return place in w.o ? [w, { ok: null }] : [w, { err: 'gone' }];
    case 'abort':
      return [text === undefined ? w : { ...w, u: rest }, { ok: null }];
    case 'end': {
      const kept = Object.entries(w.u).filter(([one]) => !one.startsWith(`${place}#`));
      return [{ ...w, u: Object.fromEntries(kept) }, { ok: null }];
    }
    default:
      throw new Error(`The model does not know the request ${op.m}.`);
  }
}

function withDoc(w, key, doc, op) {
  const pruned = prune(doc);
  const next = { ...w, d: { ...w.d, [key]: docId(pruned) } };
  return isOwner(key) ? watched(next, docs.items[w.d[key]], pruned, op) : next;
}

function withoutDoc(w, key, op) {
  const { [key]: gone, ...d } = w.d;
  const next = { ...w, d };
  return isOwner(key) ? watched(next, docs.items[gone], undefined, op) : next;
}

/** An operation in words, for traces. */
export function labelOf(op) {
  if (op.k === 'st') return op.m === 'start' ? 'start' : `${op.s}.${op.m} ${op.key}`;
  const parts = [
    op.f && `filter ${encode(op.f)}`,
    op.u && `update ${encode(op.u)}`,
    op.d && `document ${encode(op.d)}`,
  ];
  return `${op.c}.${op.m} ${parts.filter(Boolean).join(' ')}`;
}
