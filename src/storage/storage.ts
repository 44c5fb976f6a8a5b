import type { Readable } from 'node:stream';
import type { Diagnosis } from '../diagnosis.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { DirectUploads } from './direct-uploads.js';

/**
 * The name of a driver in the registry (drivers.ts), such as `local` or `s3`. Every file's record names its storage, so
 * older files stay readable when new files go to another storage. A record may hold a name that this server does not
 * know.
 */
export type StorageName = string;

/**
 * Positions of the first and the last byte, both included, as in an HTTP Range (RFC 9110, section 14.1.2). The caller
 * makes sure that both lie within the object.
 */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PutOptions {
  /** The media type with which the object is stored and served. */
  readonly contentType: string;
  /** The largest possible size, in bytes, from which a driver computes its part size. Drivers do not enforce it. */
  readonly maxBytes: number;
  /** Aborting makes `put` reject and store nothing. */
  readonly signal: AbortSignal;
  /**
   * True when nobody else reads the chunks of the body. Then a driver may free the memory of each when it needs it no
   * longer (`freeMemory`).
   */
  readonly ownsChunks?: boolean;
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
  /** The start of the URL's lifetime, in the past: within a time window all requests get the same, cacheable URL. */
  readonly signedAt: Date;
  readonly expiresAt: Date;
  /** The whole Content-Disposition header (RFC 6266) that the object is served with. */
  readonly disposition: string;
  readonly contentType: string;
}

export interface SignedUrl {
  readonly url: string;
  /** When this URL expires. Earlier than requested when it is signed with credentials that end sooner. */
  readonly expiresAt: Date;
}

export interface UnfinishedOptions {
  /** Only uploads that began before this moment. */
  readonly olderThan: Date;
  /** Only uploads of this key. Absent: of every key. */
  readonly key?: string;
}

export interface DiagnoseOptions {
  /** An origin whose pages send parts of direct uploads (`https://example.org`). Absent when there is none. */
  readonly origin?: string;
}

/** A temporary file or multipart upload of a `put` that is still running or was interrupted, or a direct upload. */
export interface UnfinishedObject {
  /** S3: the object's key. Local: the path of the temporary file, which lies in the folder of the object. */
  readonly name: string;
  /** The store's identifier, which tells two unfinished uploads of one key apart. */
  readonly id: string;
  readonly begunAt: Date;
  /** Returns true when it is an upload of this key. */
  belongsTo(key: string): boolean;
}

/**
 * The storage port: what a storage driver implements. Keys follow the rules of `object-key.ts`.
 * Every method rejects with STORAGE_UNAVAILABLE (the driver's error is its `cause`) when the store cannot be reached or
 * refuses this server. Other errors are not translated.
 */
export interface Storage {
  readonly name: StorageName;

  /** Uploads that clients send straight to the store. Absent where a driver has none. */
  readonly direct?: DirectUploads;

  /**
   * Stores all of `body` under `key`. Readers see the object only once it is complete.
   * When the body fails or is destroyed, or `signal` aborts, it rejects with that error and no object is stored; parts
   * that were sent are removed if the store can be reached. After any other rejection the object may exist or not: the
   * caller deletes the key.
   */
  put(key: string, body: Readable, options: PutOptions): Promise<void>;

  /**
   * Reads an object, or a range of it. The chunks of the stream belong to the caller, who may free or change their
   * memory. Rejects with ObjectNotFoundError when there is no such object.
   */
  open(key: string, options?: OpenOptions): Promise<Readable>;

  /** Returns null when there is no such object. */
  stat(key: string): Promise<ObjectStat | null>;

  /** Deletes objects. A key without an object is not an error, so a deletion can be repeated. */
  delete(keys: readonly string[]): Promise<void>;

  /** Yields every object whose key begins with `prefix` ('' for all), in any order, in bounded memory. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** The object's URL without a signature, by the current configuration. Requests without a signature are refused. */
  canonicalUrl(key: string): string;

  /**
   * Returns a URL from which anyone can read the object until the URL expires. Sends no request for it. Returns a promise when
   * credentials have to be fetched first.
   */
  signGet(key: string, options: SignGetOptions): MaybePromise<SignedUrl>;

  /**
   * Removes temporary files or multipart uploads that interrupted `put`s have left. Returns how many it removed. With a
   * key it also ends direct uploads of that key. Without a key, S3 cannot distinguish a running direct upload from an
   * interrupted `put`: call it only when no direct upload is running.
   */
  sweepUnfinished(options: UnfinishedOptions): Promise<number>;

  /** Yields every unfinished upload under a prefix, in any order, in bounded memory. */
  unfinished(prefix: string): AsyncIterable<UnfinishedObject>;

  /**
   * The readiness check. Resolves when the store answers and accepts this server's credentials, otherwise rejects with
   * STORAGE_UNAVAILABLE. Never has to wait for the connections of uploads and downloads.
   * @param signal Lets the caller stop waiting before the driver's own time-outs are over.
   */
  check(signal?: AbortSignal): Promise<void>;

  /** Compares the clocks of this machine and of the store. Absent when both are one machine. Never rejects. */
  compareClocks?(): Promise<Diagnosis>;

  /** For `lectern doctor`: checks one by one what the storage needs. Never rejects. Removes the objects it made. */
  diagnose(options?: DiagnoseOptions): AsyncIterable<Diagnosis>;

  /** Closes sockets and handles. */
  close(): Promise<void>;
}

/** There is no object with this key. Callers that answer a client translate it to NOT_FOUND. */
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
