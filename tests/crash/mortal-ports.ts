import { PassThrough, type Readable } from 'node:stream';
import { mongo } from 'mongoose';
import { assertReadable } from '../../src/storage/assert-readable.js';
import { BUILT_IN_DRIVERS, type StorageDrivers } from '../../src/storage/drivers.js';
import type { OpenOptions, PutOptions, Storage } from '../../src/storage/storage.js';
import { AbandonedError, Life } from './life.js';

/** The database and the storages, which outlive a server, each as it is used within a life. */

type AsyncMethod = (this: unknown, ...args: unknown[]) => Promise<unknown>;

/** The methods of a cursor that query the database. */
const CURSOR_METHODS = ['next', 'tryNext', 'hasNext', 'toArray', 'forEach'];

/**
 * From now on every command to the database is an effect of the life that it is sent in. A command outside of any life is
 * refused: it would be of a server that was abandoned and goes on.
 * @returns a function that ends this.
 */
export function makeDatabaseMortal(): () => void {
  const collection = mongo.Collection.prototype;
  const asynchronous = Object.getOwnPropertyNames(collection).filter(
    (name) => valueOf(collection, name)?.constructor.name === 'AsyncFunction',
  );
  const restores = [
    ...asynchronous.map((name) => replace(collection, name)),
    ...CURSOR_METHODS.map((name) => replace(mongo.AbstractCursor.prototype, name)),
    replace(mongo.Db.prototype, 'command'),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

function valueOf(holder: object, name: string): AsyncMethod | undefined {
  return Object.getOwnPropertyDescriptor(holder, name)?.value as AsyncMethod | undefined;
}

function replace(holder: object, name: string): () => void {
  const original = valueOf(holder, name);
  if (original === undefined) throw new Error(`The driver has no method "${name}" any more.`);
  Reflect.set(holder, name, function (this: unknown, ...args: unknown[]) {
    const life = Life.current;
    if (!life) throw new Error(`"${name}" was sent to the database outside of any life.`);
    return life.effect(() => original.apply(this, args));
  });
  return () => Reflect.set(holder, name, original);
}

/** The built-in storages, whose operations are effects of this life. */
export function mortalDrivers(life: Life): StorageDrivers {
  return {
    local: (settings) => mortalStorage(BUILT_IN_DRIVERS.local(settings), life),
    s3: async (settings) => {
      const storage = await BUILT_IN_DRIVERS.s3(settings);
      return storage && mortalStorage(storage, life);
    },
  };
}

/** Which methods of a port are effects, and which return an iterator of effects. */
interface Mortality {
  readonly effects: ReadonlySet<unknown>;
  readonly lists: ReadonlySet<unknown>;
}

const OF_STORAGE: Mortality = {
  effects: new Set(['stat', 'delete', 'sweepUnfinished', 'check']),
  lists: new Set(['list', 'unfinished']),
};
const OF_DIRECT_UPLOADS: Mortality = {
  effects: new Set(['begin', 'complete', 'abort', 'receivePart']),
  lists: new Set(['listParts']),
};

function mortalStorage(storage: Storage, life: Life): Storage {
  const methods = mortal(storage, life, OF_STORAGE);
  const direct = storage.direct && mortal(storage.direct, life, OF_DIRECT_UPLOADS);
  return new Proxy(storage, {
    get(target, property) {
      if (property === 'put') {
        return (key: string, body: Readable, options: PutOptions) => mortalPut(target, life, key, body, options);
      }
      if (property === 'open') {
        return (key: string, options?: OpenOptions) => life.effect(() => mortalOpen(target, life, key, options));
      }
      if (property === 'direct') return direct;
      return Reflect.get(methods, property) as unknown;
    },
  });
}

function mortal<T extends object>(of: T, life: Life, { effects, lists }: Mortality): T {
  return new Proxy(of, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (effects.has(property)) return (...args: unknown[]) => life.effect(async () => method(...args));
      if (lists.has(property)) {
        return (...args: unknown[]) => mortalList(method(...args) as AsyncIterable<unknown>, life);
      }
      return method;
    },
  });
}

async function mortalOpen(storage: Storage, life: Life, key: string, options?: OpenOptions): Promise<Readable> {
  const stream = await storage.open(key, options);
  // The server does not learn of it, nor of the error that ends it.
  if (life.isOver) stream.on('error', () => undefined).destroy();
  return stream;
}

/**
 * A put whose body stops in the middle when the life ends, without an error: as with a killed process, nobody cleans up
 * what was written by then.
 */
function mortalPut(storage: Storage, life: Life, key: string, body: Readable, options: PutOptions): Promise<void> {
  const stopping = new PassThrough({ highWaterMark: 1 });
  // The storage may start to listen only after the body has failed; it then sees the failure.
  stopping.on('error', () => undefined);
  const aborting = new AbortController();
  const unlessOver = (work: () => void) => (): void => {
    if (!life.isOver) work();
  };
  options.signal.addEventListener(
    'abort',
    unlessOver(() => aborting.abort(options.signal.reason)),
  );
  if (options.signal.aborted) aborting.abort(options.signal.reason);
  body.once('error', (error) => unlessOver(() => stopping.destroy(error))());
  body.once(
    'close',
    unlessOver(() => {
      if (!body.readableEnded) stopping.destroy(body.errored ?? new Error('The body was destroyed.'));
    }),
  );
  stopping.once(
    'close',
    unlessOver(() => body.destroy()),
  );
  life.onEnd(() => body.unpipe(stopping));
  life.onRelease(() => stopping.destroy(new AbandonedError()));
  const isWhole = (): boolean => stopping.writableEnded;
  return life.effect(async () => {
    assertReadable(body);
    const put = storage.put(key, stopping, { ...options, signal: aborting.signal });
    body.pipe(stopping);
    await put;
  }, isWhole);
}

async function* mortalList(list: AsyncIterable<unknown>, life: Life): AsyncGenerator {
  const iterator = list[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await life.effect(() => iterator.next());
    if (done) return;
    yield value;
  }
}
