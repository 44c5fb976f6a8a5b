import { modelOptions, mongoose, prop, Severity } from '@typegoose/typegoose';
import type { ErrorCode } from '../../errors.js';
import type { ItemFacts } from '../slot-owner.js';

/**
 * How a session ended.
 * - `PUBLISHED`: its file became live in the record that it was meant for
 * - `FAILED`: the file was refused, or the record or the right to write it is gone; `failure` says why
 * - `ABORTED`: its maker or an admin ended it
 * - `EXPIRED`: its deadline passed
 */
export const VERDICTS = ['PUBLISHED', 'FAILED', 'ABORTED', 'EXPIRED'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What the proof of a file has compared. */
export const INTEGRITY = ['SIZE', 'PART_MD5', 'SAMPLES', 'SHA256'] as const;
export type Integrity = (typeof INTEGRITY)[number];

/** Why a session ended without a file: an error as clients read it. */
@modelOptions({ schemaOptions: { _id: false } })
export class SessionFailure {
  @prop({ type: () => String, required: true })
  code!: ErrorCode;

  @prop({ type: () => String, required: true })
  message!: string;
}

/** A direct upload: what its row knows beside the object and the place. docs/architecture.md, "Direct uploads". */
@modelOptions({ schemaOptions: { _id: false }, options: { allowMixed: Severity.ALLOW } })
export class SessionRecord {
  /** The id of the session, and of the file that it publishes. */
  @prop({ type: () => String, required: true })
  id!: string;

  /** The `sub` of the viewer who started it. */
  @prop({ type: () => String, required: true })
  makerId!: string;

  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  /** The storage's own id of the upload. Absent until the storage has begun it: no client knows the session before. */
  @prop({ type: () => String })
  uploadId?: string;

  /** The client's name for the file, as it was sent. */
  @prop({ type: () => String, required: true })
  filename!: string;

  /** The media type that the client announced. Absent when it announced none. */
  @prop({ type: () => String })
  declaredType?: string;

  /** The media type that the object is stored under. */
  @prop({ type: () => String, required: true })
  storedType!: string;

  /** In bytes, as announced. */
  @prop({ type: () => Number, required: true })
  size!: number;

  /** The size of every part but the last, in bytes. */
  @prop({ type: () => Number, required: true })
  partSize!: number;

  /** SHA-256 of the whole file, in lower-case hex, where the client promised one. */
  @prop({ type: () => String })
  sha256?: string;

  /** SHA-256 of the first, the middle and the last 64 KiB, in lower-case hex, where the client sent them. */
  @prop({ type: () => [String], default: undefined })
  samples?: string[];

  /** What a list keeps beside the file, or what the new record gets: the catalogue's business. */
  @prop({ type: () => mongoose.Schema.Types.Mixed })
  facts?: ItemFacts;

  /** The maker's own name for this start: a repeated start answers this session. */
  @prop({ type: () => String })
  idempotencyKey?: string;

  /** SHA-256 of the input of the start: tells a repeated start from another one under the same key. */
  @prop({ type: () => String, required: true })
  inputHash!: string;

  /** Until when a server completes it. After that, another server continues. Absent: no server completes it. */
  @prop({ type: () => Date })
  leaseUntil?: Date;

  /** Which run of a completion holds the lease. */
  @prop({ type: () => String })
  leaseHolder?: string;

  /** How many bytes the storage had when they were counted last. More of them are a sign of life. */
  @prop({ type: () => Number, required: true })
  bytesSeen!: number;

  /** Whether a part was ever signed without an MD5. */
  @prop({ type: () => Boolean, required: true })
  signedWithoutMd5!: boolean;

  /** What was compared when the file was published. */
  @prop({ type: () => [String], enum: INTEGRITY, default: undefined })
  integrity?: Integrity[];

  /** How it ended, or is about to end: final once the row is `doomed` or `ended`. */
  @prop({ type: () => String, enum: VERDICTS })
  verdict?: Verdict;

  @prop({ type: () => SessionFailure })
  failure?: SessionFailure;
}
