/** The database and the stores as processes see them: every operation is handed to the explorer, and waits for its answer. */
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { LecternError } from '../../dist/errors.js';
import { UploadGoneError } from '../../dist/storage/direct-uploads.js';
import { ObjectNotFoundError } from '../../dist/storage/storage.js';
import { ModelDate, RealDate, running } from './current.js';
import { copy, prune } from './values.js';
import { opId } from './world.js';

const { mongo } = createRequire(import.meta.url)('mongoose');

/** More operations than this of one process are not followed. */
const MAX_OPS = 120;

/** Hands an operation to the explorer. Whatever the scenario has nothing of is answered at once. */
function issue(op) {
  const process = running();
  const inert = process.inert?.(op);
  if (inert !== undefined) return Promise.resolve(inert);
  if (process.stuck || process.issued.length >= MAX_OPS) {
    process.stuck = true;
    return new Promise(() => undefined);
  }
  return new Promise((resolve, reject) => {
    process.issued.push({ id: opId(prune(op)), resolve, reject });
  });
}

/** The error that a process gets. */
export function errorOf(kind) {
  switch (kind) {
    case 'duplicate':
      return new mongo.MongoServerError({ message: 'E11000 duplicate key', code: 11000 });
    case 'taken':
      return new mongo.MongoServerError({
        message: 'E11000 duplicate key',
        code: 11000,
        keyPattern: { 'session.makerId': 1, 'session.idempotencyKey': 1 },
      });
    case 'network':
      return new mongo.MongoNetworkError('the reply was lost');
    case 'unavailable':
      return new LecternError('STORAGE_UNAVAILABLE');
    case 'exists':
      return new Error('There is an object under this key already.');
    case 'gone':
      return new UploadGoneError('this key');
    case 'no-object':
      return new Error('no-object');
    case 'refused':
      return new LecternError('UNSUPPORTED_MEDIA_TYPE');
    case 'broken':
      return new LecternError('UPLOAD_INCOMPLETE');
    default:
      throw new Error(`There is no error "${kind}".`);
  }
}

class Query {
  constructor(op) {
    this.op = op;
  }

  lean() {
    return this;
  }

  batchSize() {
    return this;
  }

  sort(s) {
    this.op.s = s;
    return this;
  }

  limit(l) {
    this.op.l = l;
    return this;
  }

  then(resolved, rejected) {
    return issue(this.op).then(resolved, rejected);
  }

  catch(rejected) {
    return this.then(undefined, rejected);
  }
}

/** Who changes a document, for the record of who took out what. */
const by = (c) => (c === 'media_objects' ? {} : { by: [running().name, running().kind] });

/** Replaces the commands of a mongoose model by operations on a collection of the world. */
export function control(model, c) {
  const read = (m) => (f, p) => new Query({ k: 'db', c, m, f: f ?? {}, ...(p && { p }) });
  const update = (m) => (f, u, o) =>
    new Query({ k: 'db', c, m, f, u, ...(o?.upsert && { o: { upsert: true } }), ...by(c) });
  model.find = read('find');
  model.findOne = read('findOne');
  model.findById = (id, p) => read('findOne')({ _id: id }, p);
  model.exists = (f) => read('exists')(f);
  model.updateOne = update('updateOne');
  model.updateMany = update('updateMany');
  model.findOneAndUpdate = update('findOneAndUpdate');
  model.create = (d) => issue({ k: 'db', c, m: 'create', d: copy(prune({ ...d })), ...by(c) });
  model.deleteMany = (filter) => deleteMany(c, filter);
  model.bulkWrite = (writes) => bulkWrite(model, writes);
  const collection = {
    findOneAndUpdate: (f, u, { upsert, projection: p }) =>
      issue({ k: 'db', c, m: 'findOneAndUpdate', f, u, ...(upsert && { o: { upsert } }), ...(p && { p }), ...by(c) }),
  };
  Object.defineProperty(model, 'collection', { value: collection });
}

/** One command, but one atomic step per document. */
async function deleteMany(c, { _id, ...f }) {
  if (_id === undefined) {
    await issue({ k: 'db', c, m: 'deleteMany', f, ...by(c) });
    return { deletedCount: 0 };
  }
  let deletedCount = 0;
  for (const id of _id.$in) {
    const result = await issue({ k: 'db', c, m: 'deleteOne', f: { _id: id, ...f }, ...by(c) });
    deletedCount += result?.deletedCount ?? 0;
  }
  return { deletedCount };
}

/** One command, but one atomic step per update. */
async function bulkWrite(model, writes) {
  let matchedCount = 0;
  for (const { updateOne } of writes) {
    const result = await model.updateOne(updateOne.filter, updateOne.update);
    matchedCount += result?.matchedCount ?? 0;
  }
  return { matchedCount };
}

/** A store. Direct uploads have one part; the multipart uploads of a put are not modelled. */
export class ModelStorage {
  constructor(name) {
    this.name = name;
  }

  request(m, key, more) {
    return issue({ k: 'st', s: this.name, m, key, ...more });
  }

  async put(key, body) {
    let { text } = body;
    if (text === undefined) {
      text = '';
      for await (const chunk of body) text += chunk.toString();
    }
    await this.request('put', key, { text, sent: ModelDate.now() });
  }

  async open(key) {
    const text = await this.request('open', key).catch((error) => {
      throw error.message === 'no-object' ? new ObjectNotFoundError(this.name, key) : error;
    });
    return {
      destroy() {},
      on() {},
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(text);
      },
    };
  }

  async stat(key) {
    const size = await this.request('stat', key);
    return size === null ? null : { size, modifiedAt: new RealDate(0) };
  }

  async delete(keys) {
    for (const key of keys) await this.request('delete', key);
  }

  async *list(prefix) {
    for (const [key, size] of await this.request('list', prefix)) yield { key, size, modifiedAt: new RealDate(0) };
  }

  async sweepUnfinished({ key }) {
    await this.request('end', key);
    return 0;
  }

  get direct() {
    return new ModelDirectUploads(this);
  }

  async *unfinished() {}

  async check() {}

  canonicalUrl() {
    return 'url';
  }
}

class ModelDirectUploads {
  constructor(store) {
    this.store = store;
  }

  async begin(key) {
    const id = `of-${running().name}`;
    await this.store.request('begin', key, { id, sent: ModelDate.now() });
    return id;
  }

  async *listParts({ key, uploadId: id }) {
    const size = await this.store.request('parts', key, { id });
    if (size > 0) yield { number: 1, size, etag: 'etag' };
  }

  complete({ key, uploadId: id }) {
    return this.store.request('complete', key, { id });
  }

  abort({ key, uploadId: id }) {
    return this.store.request('abort', key, { id });
  }
}
