import { randomUUID } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflateRaw, inflateRawSync } from 'node:zlib';
import { examine, ok, type Diagnosis } from '../../../src/diagnosis.js';
import type { FileTokens } from '../../../src/storage/file-token.js';
import { assertObjectKey, encodeKeyForUrl, isObjectKey } from '../../../src/storage/object-key.js';
import { deleteProbe, newProbeKey, putProbe, readProbe } from '../../../src/storage/probe.js';
import { assertReadable } from '../../../src/storage/assert-readable.js';
import { ObjectNotFoundError } from '../../../src/storage/storage.js';
import type {
  ListedObject,
  ObjectStat,
  OpenOptions,
  PutOptions,
  SignedUrl,
  SignGetOptions,
  Storage,
  UnfinishedObject,
  UnfinishedOptions,
} from '../../../src/storage/storage.js';

export interface MemoryStorageOptions {
  /** The URL at which `filesRouter` serves this storage, without `/files`. */
  readonly publicUrl: () => string;
  readonly tokens: FileTokens;
}

interface StoredObject extends ObjectStat {
  /** Compressed, so that the contract's largest body needs little memory. */
  readonly deflated: Buffer;
}

/** A third storage, for tests. It keeps objects in the memory of this process. */
export class MemoryStorage implements Storage {
  readonly name = 'memory';
  private readonly objects = new Map<string, StoredObject>();
  private readonly puts = new Map<string, { readonly key: string; readonly begunAt: Date }>();

  constructor(private readonly options: MemoryStorageOptions) {}

  async put(key: string, body: Readable, { signal }: PutOptions): Promise<void> {
    assertObjectKey(key);
    assertReadable(body);
    signal.throwIfAborted();
    const id = this.begin(key);
    const deflated: Buffer[] = [];
    let size = 0;
    const counter = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        size += chunk.length;
        yield chunk;
      }
    };
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        deflated.push(chunk);
        done();
      },
    });
    try {
      await pipeline(body, counter, createDeflateRaw({ level: 1 }), sink, { signal });
      signal.throwIfAborted();
      if (this.objects.has(key)) throw new Error(`There is an object under "${key}" already.`);
      this.objects.set(key, { deflated: Buffer.concat(deflated), size, modifiedAt: new Date() });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      this.puts.delete(id);
    }
  }

  /** Records that a put has started. Tests call it for a put that never ends. */
  begin(key: string): string {
    const id = randomUUID();
    this.puts.set(id, { key, begunAt: new Date() });
    return id;
  }

  async open(key: string, { range, signal }: OpenOptions = {}): Promise<Readable> {
    assertObjectKey(key);
    signal?.throwIfAborted();
    const object = this.objects.get(key);
    if (object === undefined) throw new ObjectNotFoundError(this.name, key);
    const bytes = inflateRawSync(object.deflated);
    const wanted = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    return Readable.from([wanted], { objectMode: false, ...(signal && { signal }) });
  }

  async stat(key: string): Promise<ObjectStat | null> {
    assertObjectKey(key);
    const object = this.objects.get(key);
    return object === undefined ? null : { size: object.size, modifiedAt: object.modifiedAt };
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertObjectKey(key);
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (const [key, { size, modifiedAt }] of this.objects) if (key.startsWith(prefix)) yield { key, size, modifiedAt };
  }

  canonicalUrl(key: string): string {
    return `${this.options.publicUrl()}/files/${encodeKeyForUrl(key)}`;
  }

  signGet(key: string, { expiresAt, disposition, contentType }: SignGetOptions): SignedUrl {
    assertObjectKey(key);
    const query = this.options.tokens.sign({ purpose: 'get', method: 'GET', key, expiresAt, disposition, contentType });
    return { url: `${this.canonicalUrl(key)}?${query.toString()}`, expiresAt };
  }

  async sweepUnfinished({ olderThan, key }: UnfinishedOptions): Promise<number> {
    const swept = [...this.puts].filter(
      ([, put]) => put.begunAt < olderThan && (key === undefined ? isObjectKey(put.key) : put.key === key),
    );
    for (const [id] of swept) this.puts.delete(id);
    return swept.length;
  }

  async *unfinished(prefix: string): AsyncGenerator<UnfinishedObject> {
    for (const [id, { key: name, begunAt }] of this.puts) {
      if (name.startsWith(prefix)) yield { name, id, begunAt, belongsTo: (key) => key === name };
    }
  }

  async check(): Promise<void> {
    // Memory is always available.
  }

  async *diagnose(): AsyncGenerator<Diagnosis> {
    const key = newProbeKey();
    const remedy = 'None: it is a fault of this test driver.';
    const steps = { put: putProbe, get: readProbe, delete: deleteProbe };
    for (const [name, step] of Object.entries(steps)) {
      yield await examine(`memory ${name}`, remedy, async () => {
        await step(this, key);
        return ok('It worked.');
      });
    }
  }

  async close(): Promise<void> {
    // There are no sockets or handles to close.
  }
}
