/**
 * What must hold. A file is known by its SHA-256: every upload of the model has bytes of its own, and a migration keeps
 * them.
 */
import { docOf, docsIn } from './world.js';
import { isPromised } from './times.js';
import { bytesOf, sha256Of } from './bytes.js';

const HOLDERS = ['courses', 'videos', 'images'];
const OWNERS = [...HOLDERS, 'topics'];

/** Whether a document, `collection/id`, can hold files. */
export const isOwner = (key) => HOLDERS.some((collection) => key.startsWith(`${collection}/`));

/** Every file that an owner's document refers to, by place. */
export function filesIn(doc) {
  const files = [];
  for (const field of ['file', 'thumbnail', 'introVideo']) if (doc[field]) files.push([field, doc[field]]);
  for (const list of ['captions', 'resources']) {
    for (const item of doc[list] ?? []) files.push([`${list}.${item._id}`, item.file]);
  }
  return files;
}

const livingFiles = (doc) => (doc && !doc.deletedAt ? filesIn(doc).map(([, file]) => file) : []);
const objectOf = ({ storage, key }) => `${storage}/${key}`;
/** Kinds of processes that may take a file out of its place. */
const MAY_TAKE_OUT = ['replace', 'clear', 'remove', 'create'];

/** Notes which files became live and which were taken out, and what must not happen in between. */
export function watched(w, before, after, { by: [name, kind] = [] }) {
  const was = livingFiles(before);
  const is = livingFiles(after);
  const entries = new Set((after?.released ?? []).map(objectOf));
  let { p, q, c, bad } = w;
  for (const { sha256 } of is) {
    if (was.some((file) => file.sha256 === sha256)) continue;
    if (q.includes(sha256)) bad ??= `a file came back after it had been taken out: ${bytesOf(sha256)}`;
    if (!p.includes(sha256)) p = [...p, sha256].sort();
  }
  for (const file of was) {
    const object = objectOf(file);
    if (is.some((one) => objectOf(one) === object)) continue;
    if (!entries.has(object)) bad ??= `left its place without a released entry: ${object}`;
    const { sha256 } = file;
    if (is.some((one) => one.sha256 === sha256)) continue;
    q = [...q, sha256].sort();
    // The last sweeps, and sweeps that finish a deletion, take out what is below a deleted record.
    if (!MAY_TAKE_OUT.includes(kind) && !after?.deletedAt)
      bad ??= `${name} took out a file that it may not: ${bytesOf(sha256)}`;
    if (kind !== 'clear') continue;
    if (c[name] !== undefined) bad ??= `${name} took out a second file: ${bytesOf(sha256)} after ${bytesOf(c[name])}`;
    c = { ...c, [name]: sha256 };
  }
  for (const entry of before?.released ?? []) {
    const object = objectOf(entry);
    if (!entries.has(object) && object in w.o) bad ??= `pulled while its object is there: ${object}`;
  }
  return { ...w, p, q, c, ...(bad && { bad }) };
}

/** What is wrong in this world at this moment. */
export function wrongIn(w) {
  if (w.bad) return w.bad;
  for (const collection of HOLDERS) {
    for (const doc of docsIn(w, collection)) {
      for (const file of livingFiles(doc)) {
        const object = objectOf(file);
        if (!(object in w.o)) return `DANGLING: ${collection}/${doc._id} refers to ${object}, which is not there`;
        if (sha256Of(w.o[object]) !== file.sha256) return `WRONG BYTES: ${object}`;
        const row = docOf(w.d[`media_objects/${object}`]);
        if (row?.state === 'doomed') return `DOOMED: ${object} is live`;
      }
      for (const entry of doc.released ?? []) {
        const early = isPromised(entry) && entry.due.getTime() > w.t && !(objectOf(entry) in w.o);
        if (early) return `EARLY: ${objectOf(entry)} is gone before it is due`;
      }
    }
  }
  return undefined;
}

/** Whether the file with these bytes is live, and whether it ever was. */
export function livesIn(w, sha256) {
  const files = HOLDERS.flatMap((collection) => docsIn(w, collection)).flatMap(livingFiles);
  return { is: files.some((file) => file.sha256 === sha256), was: w.p.includes(sha256) };
}

/** Whether a document, `collection/id`, is there and not deleted. */
export function isAlive(w, key) {
  return key in w.d && docOf(w.d[key]).deletedAt === undefined;
}

/** What must not be left when all is over, everything has been swept and all times have passed. */
export function leftoversIn(w) {
  const wrong = [];
  const live = new Set();
  for (const collection of OWNERS) {
    for (const doc of docsIn(w, collection)) {
      if (doc.deletedAt) wrong.push(`a tombstone stays: ${collection}/${doc._id}`);
      else for (const file of livingFiles(doc)) live.add(objectOf(file));
      for (const entry of doc.released ?? []) wrong.push(`a released entry stays: ${objectOf(entry)}`);
    }
  }
  for (const row of docsIn(w, 'media_objects')) wrong.push(`a row stays: ${row._id} ${row.state}`);
  for (const upload of Object.keys(w.u)) wrong.push(`LEAK: an unfinished upload stays: ${upload}`);
  for (const object of Object.keys(w.o)) if (!live.has(object)) wrong.push(`LEAK: nobody refers to ${object}`);
  const levels = [
    ['topics', 'courses', 'courseId'],
    ['videos', 'topics', 'topicId'],
  ];
  for (const [children, parents, field] of levels) {
    for (const doc of docsIn(w, children)) {
      if (doc.deletedAt || doc[field] === undefined) continue;
      const parent = docOf(w.d[`${parents}/${doc[field]}`]);
      if (!parent || parent.deletedAt) wrong.push(`a child outlives its parent: ${children}/${doc._id}`);
    }
  }
  return wrong;
}
