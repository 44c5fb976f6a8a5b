import type { Readable } from 'node:stream';

/**
 * A capability of a storage: clients send the parts of a file straight to it, and the server completes the upload. What
 * is between `begin` and `complete` or `abort` counts as unfinished: `Storage.unfinished` lists it beside interrupted
 * puts, and `Storage.sweepUnfinished` of its key ends it.
 *
 * As with `Storage`, every method rejects with STORAGE_UNAVAILABLE when the store cannot be reached or refuses the server.
 */
export interface DirectUploads {
  /**
   * Begins an upload. Nothing is visible under the key until `complete`.
   * @returns the store's own id of the upload.
   */
  begin(key: string, options: BeginOptions): Promise<string>;

  /**
   * Signs a request that writes one part: this key, this number, this exact size and, when given, this MD5.
   * Costs no network round trip.
   */
  signPart(upload: DirectUpload, part: PartToSign, expiresAt: Date): Promise<SignedPart>;

  /**
   * The parts that the store holds whole, in ascending order of their numbers.
   * Rejects with UploadGoneError when the store does not know the upload: it was completed or aborted.
   */
  listParts(upload: DirectUpload): AsyncIterable<StoredPart>;

  /**
   * Makes the object visible. The caller has seen that `parts`, as `listParts` gave them, are 1..N with the right sizes.
   * Resolves when the object is there, also when an earlier call has made it. Rejects with
   * - PartsChangedError when the store holds other parts than these: one was written anew meanwhile. List again.
   * - UploadGoneError when the store knows neither the upload nor its object: it was aborted.
   */
  complete(upload: DirectUpload, parts: readonly StoredPart[], signal: AbortSignal): Promise<void>;

  /**
   * Ends the upload and deletes its parts; an object that `complete` made stays. No part can be written afterwards.
   * An upload that is not there is no error.
   */
  abort(upload: DirectUpload): Promise<void>;

  /**
   * Writes a part whose bytes this server was sent. Absent where the store itself receives the parts.
   * The part counts only when it is whole and would survive a power cut. Rejects with
   * - UPLOAD_INCOMPLETE when the body has another size than the part,
   * - CHECKSUM_MISMATCH when its MD5 is not the one that was signed,
   * - CONFLICT when another request is writing this part, or has taken it over because this one was silent,
   * - UploadGoneError when the upload was completed or aborted.
   */
  receivePart?(part: ReceivedPart, body: Readable, signal: AbortSignal, options?: ReceiveOptions): Promise<void>;
}

export interface ReceiveOptions {
  /** True when nobody else reads the chunks of the body: then the memory of each may be freed. Absent: false. */
  readonly ownsChunks?: boolean;
}

export interface BeginOptions {
  /** The media type that the object is stored under. */
  readonly contentType: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** Stored with the object where the store can do that, to recognise the object of this session. */
  readonly sessionId: string;
}

/** An upload that `begin` began. */
export interface DirectUpload {
  readonly key: string;
  /** What `begin` returned. */
  readonly uploadId: string;
  readonly sessionId: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** Of every part but the last, in bytes. */
  readonly partSize: number;
}

export interface PartToSign {
  /** From 1. */
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  /** Of the part, in base64 (RFC 1864). */
  readonly md5?: string;
}

/** A request that a client without credentials can send. */
export interface SignedPart {
  readonly method: 'PUT';
  readonly url: string;
  /** What the client must set. Never Content-Length: clients set it by themselves, and browsers let no page do so. */
  readonly headers: readonly PartHeader[];
  /** May be earlier than asked: no URL outlives temporary credentials. */
  readonly expiresAt: Date;
}

export interface PartHeader {
  readonly name: string;
  readonly value: string;
}

/** A part that is whole in the store. */
export interface StoredPart {
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  /** Identifies these bytes: it changes when other bytes are written. */
  readonly etag: string;
  /** Whether it was written under a signed MD5. Absent where the driver cannot know. */
  readonly md5Signed?: boolean;
}

/** A part as its signed URL names it. */
export interface ReceivedPart extends PartToSign {
  readonly key: string;
  readonly uploadId: string;
  /** Where the part begins in the file, in bytes. */
  readonly offset: number;
}

/** The store does not know this upload: it was completed or aborted. */
export class UploadGoneError extends Error {
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`There is no direct upload of "${key}" any more.`, options);
    this.name = 'UploadGoneError';
  }
}

/** The store holds other parts of this upload than those that were to be completed. */
export class PartsChangedError extends Error {
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`The parts of the direct upload of "${key}" have changed since they were listed.`, options);
    this.name = 'PartsChangedError';
  }
}
