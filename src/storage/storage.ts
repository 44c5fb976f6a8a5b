import type { Readable } from 'node:stream';
import type { Diagnosis } from '../diagnosis.js';
import type { DirectUploads } from './direct-uploads.js';

/**
 * The name of a driver in the registry (drivers.ts): `local`, `s3`. Every stored file names its storage, so switching
 * the storage of new files leaves older files where they are. A record can hold a name that this server does not know.
 */
export type StorageName = string;

/** Both ends included, as in an HTTP Range (RFC 9110, section 14.1.2). Always within the object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PutOptions {
  /** The media type the bytes are stored and served under. */
  readonly contentType: string;
  /** The most bytes that may come, so that a driver can plan its part size. It does not enforce it: life-cycle.ts counts. */
  readonly maxBytes: number;
  /** Aborting rejects `put` and leaves nothing visible. */
  readonly signal: AbortSignal;
}

export interface OpenOptions {
  readonly range?: ByteRange;
  /** Aborting destroys the stream. */
  readonly signal?: AbortSignal;
}

export interface ObjectStat {
  readonly size: number;
  readonly modifiedAt: Date;
}

export interface ListedObject extends ObjectStat {
  readonly key: string;
}

export interface SignGetOptions {
  /** When the URL's life begins. Lies in the past, so that one URL serves all who ask within a window. */
  readonly signedAt: Date;
  readonly expiresAt: Date;
  /** The whole Content-Disposition header (RFC 6266) that the object is served with. */
  readonly disposition: string;
  readonly contentType: string;
}

export interface SignedUrl {
  readonly url: string;
  /** This URL's own expiry; may be earlier than asked (temporary credentials). */
  readonly expiresAt: Date;
}

export interface UnfinishedOptions {
  /** Only what was begun before this moment. */
  readonly olderThan: Date;
  /** Only what belongs to this key; all keys when absent. */
  readonly key?: string;
}

/** What an interrupted `put` left, or one that is still going on: a temporary file, an unfinished multipart upload. */
export interface UnfinishedObject {
  /** Its key; on a disk the name of the temporary file, in the folder that the object would be in. */
  readonly name: string;
  /** The store's own name for it: two with one key differ here. */
  readonly id: string;
  readonly begunAt: Date;
  /** Whether it would have become the object with this key. */
  belongsTo(key: string): boolean;
}

/**
 * Where bytes live. Every method rejects with STORAGE_UNAVAILABLE (and the driver's error as `cause`) when the store
 * cannot be reached or refuses the server; nothing else is translated. Keys are those of `object-key.ts`.
 */
export interface Storage {
  readonly name: StorageName;

  /** Uploads that clients send straight to the store. Absent where a driver has none. */
  readonly direct?: DirectUploads;

  /**
   * Stores all of `body` under `key`. The object becomes visible only when it is whole: a body that errors, ends early by
   * destruction, or an abort, rejects with that error and leaves nothing visible and no part behind where the store can be
   * reached. After any other rejection the outcome may be unknown: the caller deletes the key.
   */
  put(key: string, body: Readable, options: PutOptions): Promise<void>;

  /** Streams an object, or a range of it. Rejects with ObjectNotFoundError when there is none. */
  open(key: string, options?: OpenOptions): Promise<Readable>;

  /** Size and time of an object, or null when there is none. */
  stat(key: string): Promise<ObjectStat | null>;

  /** Deletes objects. Absent ones are no error: deleting twice is deleting once. */
  delete(keys: readonly string[]): Promise<void>;

  /** Every object whose key begins with `prefix` ('' for all), in no promised order, in bounded memory. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** The object's unsigned address, as this server's configuration has it now. It opens nothing by itself. */
  canonicalUrl(key: string): string;

  /** A URL that reads the object without further credentials until it expires. Costs no network round trip. */
  signGet(key: string, options: SignGetOptions): Promise<SignedUrl>;

  /** Removes what interrupted `put`s left (temporary files, unfinished multipart uploads). Returns how many. */
  sweepUnfinished(options: UnfinishedOptions): Promise<number>;

  /** What `sweepUnfinished` would find under a prefix, in no promised order, in bounded memory. */
  unfinished(prefix: string): AsyncIterable<UnfinishedObject>;

  /**
   * For readiness: resolves when the store answers and accepts this server's credentials, else rejects with
   * STORAGE_UNAVAILABLE. Does not wait for connections that uploads and downloads hold.
   * @param signal Aborting ends the wait before the driver's own time-outs do.
   */
  check(signal?: AbortSignal): Promise<void>;

  /** Compares the clock of this machine with the store's. Absent where both are the same machine. Rejects never. */
  compareClocks?(): Promise<Diagnosis>;

  /** Checks all that this storage needs to work, one after the other. Rejects never; leaves nothing behind. */
  diagnose(): AsyncIterable<Diagnosis>;

  /** Closes sockets and handles. */
  close(): Promise<void>;
}

/** There is no object under this key. A caller that can say it better translates it (NOT_FOUND). */
export class ObjectNotFoundError extends Error {
  constructor(
    readonly storage: StorageName,
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`No object under "${key}" in storage "${storage}".`, options);
    this.name = 'ObjectNotFoundError';
  }
}
