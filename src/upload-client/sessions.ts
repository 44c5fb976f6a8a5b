import { UploadError, type UploadedMedia, type UploadOptions, type UploadResult, type UploadSlot } from './api.js';
import type { GraphqlClient } from './graphql.js';

/** StartUploadInput of the schema. */
export interface StartInput extends Pick<UploadOptions, 'caption' | 'resource' | 'image'> {
  readonly slot: UploadSlot;
  readonly ownerId: string | null;
  readonly filename: string;
  /** Empty when it is not known. */
  readonly contentType: string;
  readonly size: number;
  readonly samples: readonly string[] | null;
  readonly idempotencyKey: string;
}

/** The status of an UploadSession, and what belongs to it. */
export interface SessionState {
  readonly id: string;
  readonly status: 'WAITING' | 'VERIFYING' | 'PUBLISHED' | 'FAILED' | 'ABORTED' | 'EXPIRED';
  readonly slot: UploadSlot;
  readonly ownerId: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly media: UploadedMedia | null;
}

/** The same with what a client needs to continue it. */
export interface Session extends SessionState {
  readonly size: number;
  readonly partSize: number;
  readonly partCount: number;
  readonly bytesUploaded: number;
  readonly missingParts: readonly number[];
  readonly samples: readonly string[] | null;
}

/** UploadPart of the schema: a request that stores one part. */
export interface SignedPart {
  readonly number: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly size: number;
}

/** The server signs at most so many parts in a call. */
export const PARTS_A_CALL = 100;

/** The most parts that a file can have. */
const ALL_PARTS = 10_000;

export const MEDIA_FIELDS = 'url urlExpiresAt filename contentType size width height durationSeconds';
const STATE_FIELDS = `id status slot ownerId error { code message retryable } media { ${MEDIA_FIELDS} }`;
const FIELDS = `${STATE_FIELDS} size partSize partCount bytesUploaded missingParts(first: ${ALL_PARTS}) samples`;

const START = `mutation StartUpload($input: StartUploadInput!) { startUpload(input: $input) { ${FIELDS} } }`;
const READ = `query Upload($id: ID!) { upload(id: $id) { ${FIELDS} } }`;
const WATCH = `query UploadState($id: ID!) { upload(id: $id) { ${STATE_FIELDS} } }`;
const SIGN = `query UploadParts($id: ID!, $numbers: [Int!]!) {
  upload(id: $id) { status error { code message retryable } parts(numbers: $numbers) { number method url headers { name value } size } }
}`;
const COMPLETE = `mutation CompleteUpload($id: ID!) { completeUpload(id: $id) { ${STATE_FIELDS} } }`;
const ABORT = `mutation AbortUpload($id: ID!) { abortUpload(id: $id) { ${STATE_FIELDS} } }`;

/** The result of an upload whose session has published its file. */
export function resultOf({ id, slot, ownerId, media }: SessionState): UploadResult {
  return { sessionId: id, slot, ownerId, media };
}

/** For a session that the server does not have for this viewer. */
export function noSuchSession(): UploadError {
  return new UploadError('NOT_FOUND', 'There is no such upload, or it is not yours.');
}

/** The operations of the server on upload sessions, each tried once. Null: no session that this viewer may see. */
export class Sessions {
  constructor(private readonly graphql: GraphqlClient) {}

  async start(input: StartInput, signal: AbortSignal): Promise<Session> {
    return (await this.graphql.run<{ startUpload: Session }>(START, { input }, signal)).startUpload;
  }

  async read(id: string, signal: AbortSignal): Promise<Session | null> {
    return (await this.graphql.run<{ upload: Session | null }>(READ, { id }, signal)).upload;
  }

  async watch(id: string, signal: AbortSignal): Promise<SessionState | null> {
    return (await this.graphql.run<{ upload: SessionState | null }>(WATCH, { id }, signal)).upload;
  }

  /** @param numbers Of at most PARTS_A_CALL parts. */
  async sign(id: string, numbers: readonly number[], signal: AbortSignal): Promise<readonly SignedPart[] | null> {
    const data = await this.graphql.run<{ upload: { parts: SignedPart[] } | null }>(SIGN, { id, numbers }, signal);
    return data.upload && data.upload.parts;
  }

  /** Rejects with UPLOAD_INCOMPLETE while parts are missing. */
  async complete(id: string, signal: AbortSignal): Promise<SessionState> {
    return (await this.graphql.run<{ completeUpload: SessionState }>(COMPLETE, { id }, signal)).completeUpload;
  }

  async abort(id: string, signal: AbortSignal): Promise<SessionState> {
    return (await this.graphql.run<{ abortUpload: SessionState }>(ABORT, { id }, signal)).abortUpload;
  }
}
