/** The public words of the upload client. It imports nothing, so that its declarations are one file of their own. */

/** The places that take a file: the enum MediaSlot of the GraphQL schema. */
export type UploadSlot =
  | 'VIDEO_FILE'
  | 'VIDEO_THUMBNAIL'
  | 'VIDEO_CAPTION'
  | 'VIDEO_RESOURCE'
  | 'COURSE_THUMBNAIL'
  | 'COURSE_INTRO_VIDEO'
  | 'IMAGE';

/** A bearer token; null for none. */
export type UploadToken = string | null;

export interface UploaderOptions {
  /** The GraphQL endpoint. In a browser it may be relative to the page. */
  readonly endpoint: string;
  /**
   * The token of the viewer, or a function that gives it. The function is called once, and again each time the server
   * answers UNAUTHENTICATED.
   */
  readonly token: UploadToken | (() => UploadToken | Promise<UploadToken>);
}

/** A `FileSystemFileHandle` of a browser. Kept across reloads, so that a resume needs no choosing. */
export interface UploadFileHandle {
  readonly kind: 'file';
  readonly name: string;
  getFile(): Promise<Blob & { readonly name: string }>;
}

/** What can be sent. In Node a file on disk is a Blob by `openAsBlob` of `node:fs`. */
export type UploadSource = (Blob & { readonly name?: string }) | UploadFileHandle;

export interface UploadProgress {
  /** Bytes that the storage has, and those on their way to it. Never decreases. */
  readonly loaded: number;
  /** The size of the file in bytes. */
  readonly total: number;
  /** Bytes per second over the last seconds. */
  readonly rate: number;
}

/**
 * What an upload is doing: waiting for its turn, or until another tab has sent the same file (`waiting`), reading the
 * file and asking the server (`preparing`), sending its bytes, waiting for the network (`offline`), held by `pause()`, or
 * having its file checked by the server (`verifying`).
 */
export type UploadState = 'preparing' | 'waiting' | 'sending' | 'offline' | 'paused' | 'verifying';

export interface UploadOptions {
  readonly slot: UploadSlot;
  /** The id of the video or the course. Absent for IMAGE, whose record is made at the end. */
  readonly ownerId?: string | null;
  /** Continues this session, also one that another device began. The file has to be the same. */
  readonly sessionId?: string;
  /** The name of the file when absent. */
  readonly filename?: string;
  /** The type of the file when absent. The server decides by the content. */
  readonly contentType?: string;
  /** AddCaptionInput of the schema, for VIDEO_CAPTION. */
  readonly caption?: {
    readonly language: string;
    readonly label?: string;
    readonly kind?: string;
    readonly isDefault?: boolean;
  };
  /** AddResourceInput of the schema, for VIDEO_RESOURCE. */
  readonly resource?: { readonly title?: string };
  /** UploadImageInput of the schema, for IMAGE. */
  readonly image?: { readonly altText?: string };
  /** Called at most ten times a second. */
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly onState?: (state: UploadState) => void;
  /** Aborts the upload, as `abort()` does. */
  readonly signal?: AbortSignal;
}

/** The published file: what the type MediaFile of the schema says of it. */
export interface UploadedMedia {
  /** A signed URL that opens the file until `urlExpiresAt`. */
  readonly url: string;
  readonly urlExpiresAt: string;
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
}

export interface UploadResult {
  /** Null when the file was small and went as one GraphQL multipart request. */
  readonly sessionId: string | null;
  readonly slot: UploadSlot;
  /** The id of the record that has the file now; for IMAGE, of the new image. */
  readonly ownerId: string | null;
  /** Null when another upload has replaced the file already. */
  readonly media: UploadedMedia | null;
}

/** An upload that runs. */
export interface Upload {
  /** Resolves as soon as the server has made the session: the id to resume by. Null as in `UploadResult`. */
  readonly sessionId: Promise<string | null>;
  /** Resolves when the file is published. Rejects with an `UploadError`. */
  readonly done: Promise<UploadResult>;
  /** Stops sending. What has arrived stays; a part on its way is sent again. Another tab may continue meanwhile. */
  pause(): void;
  resume(): void;
  /**
   * Ends the upload: `done` rejects with ABORTED, unless the server had published the file already. Resolves when the
   * server has deleted the parts, and rejects when it could not be told; then they are deleted when the session expires.
   */
  abort(): Promise<void>;
}

/** An upload that this browser began and has not ended. */
export interface UnfinishedUpload {
  /** Null when the answer of the server got lost; choosing the same file again finds the session. */
  readonly sessionId: string | null;
  readonly slot: UploadSlot;
  readonly ownerId: string | null;
  readonly filename: string;
  readonly size: number;
  readonly startedAt: Date;
  /** Whether the browser kept the file handle: `upload(null, { sessionId, ... })` then continues without choosing. */
  readonly hasFile: boolean;
}

export interface Uploader {
  /** Sends a file: four at a time, in the order of the calls. Null is the file whose handle was kept for `sessionId`. */
  upload(file: UploadSource | null, options: UploadOptions): Upload;
  /** What was begun here and has not ended, oldest first: after a reload or a crash. */
  unfinished(): Promise<readonly UnfinishedUpload[]>;
}

/** The codes of the client's own errors. All others are those of the server (docs/errors.md). */
export type UploadClientCode =
  | 'ABORTED'
  /** The server or the storage could not be reached, for long. */
  | 'NETWORK'
  /** The storage refuses the parts. */
  | 'STORAGE_REFUSED'
  /** The file is not the one that the session was begun with, or that cannot be told. */
  | 'WRONG_FILE'
  /** The file has changed on disk since it was chosen, or may no longer be read. */
  | 'FILE_UNREADABLE'
  /** This browser has no handle of the file, or may not use it: let the person choose it. */
  | 'FILE_NEEDED';

export interface UploadErrorDetails {
  /** Whether calling `upload` again with the same file can succeed. It sends only what is missing. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Why an upload failed: a code for programs, and a sentence for people. */
export class UploadError extends Error {
  /** An `UploadClientCode`, or a code of the server. */
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, details: UploadErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'UploadError';
    this.code = code;
    this.retryable = details.retryable ?? false;
  }
}
