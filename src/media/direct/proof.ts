import { createHash } from 'node:crypto';
import { LecternError } from '../../errors.js';
import { ObjectNotFoundError, type Storage } from '../../storage/storage.js';
import { recognise, SNIFF_BYTES } from '../content/incoming-file.js';
import { tooLarge } from '../content/measured-body.js';
import type { ContentCheck } from '../content/content-check.js';
import type { MediaMeter } from '../content/media-meter.js';
import type { Integrity } from '../journal/session-record.model.js';
import type { Measures } from '../media-file.model.js';
import type { SlotRules } from '../slots.js';
import type { SessionRow } from './session-row.js';

/** The assembled file of a direct upload, and what is needed to check it. */
export interface Subject {
  readonly row: SessionRow;
  readonly storage: Storage;
  readonly rules: SlotRules;
  readonly meter: MediaMeter;
  readonly signal: AbortSignal;
}

/** What a file turned out to be. */
export interface Proof {
  /** The client's name for it, made safe to show. */
  readonly filename: string;
  readonly contentType: string;
  /** Present when all bytes were read. */
  readonly sha256?: string;
  readonly measures: Measures;
  /** Which values that the client announced were compared. */
  readonly integrity: readonly Integrity[];
  /** Whether the stored bytes must differ from the uploaded ones: captions are converted to WebVTT in UTF-8. */
  readonly isConverted: boolean;
}

/** The size of a sample, in bytes. */
export const SAMPLE_BYTES = 65_536;

/** Where the samples of a file begin, in bytes: the first, the middle and the last 64 KiB. A smaller file is all three. */
export function sampleStarts(size: number): readonly [number, number, number] {
  if (size <= SAMPLE_BYTES) return [0, 0, 0];
  return [0, Math.floor((size - SAMPLE_BYTES) / 2), size - SAMPLE_BYTES];
}

/**
 * Checks that an object is what its client announced and what its slot accepts. Reads only ranges where they are enough.
 * Rejects with CHECKSUM_MISMATCH, UNSUPPORTED_MEDIA_TYPE or FILE_TOO_LARGE, with UPLOAD_EXPIRED when the object is gone,
 * or with an error of the storage.
 */
export async function prove(subject: Subject): Promise<Proof> {
  try {
    return await proved(subject);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new LecternError('UPLOAD_EXPIRED', undefined, { cause: error });
    throw error;
  }
}

async function proved(subject: Subject): Promise<Proof> {
  const { storage, row, rules, meter, signal } = subject;
  const { key, slot, session } = row;
  const { size, samples, sha256, declaredType = '' } = session;
  const stat = await storage.stat(key);
  if (!stat) throw new ObjectNotFoundError(storage.name, key);
  if (stat.size !== size) throw mismatch(`The file has ${String(stat.size)} bytes, not the ${String(size)} announced.`);

  const head = await read(subject, 0, Math.min(size, SNIFF_BYTES));
  const found = await recognise(head, { filename: session.filename, declaredType }, rules);
  if (size > found.maxBytes) throw tooLarge(found.maxBytes);
  if (samples) await compareSamples(subject, samples);

  const { check, conversion, contentType } = found;
  const isConverted = conversion !== undefined;
  const readsAll = sha256 !== undefined || (check !== undefined && check.tailBytes === undefined);
  const digest = readsAll ? await readWhole(subject, check) : undefined;
  if (!readsAll && check?.tailBytes !== undefined) {
    check.chunk(await read(subject, Math.max(0, size - check.tailBytes), size));
    check.end();
  }
  if (sha256 !== undefined && digest !== sha256) throw mismatch('The SHA-256 of the file is not the one announced.');

  const measures = isConverted ? {} : await meter.measure({ slot, storage, key, size, contentType, signal });
  return {
    filename: found.filename,
    contentType,
    measures,
    isConverted,
    ...(digest !== undefined && { sha256: digest }),
    integrity: ['SIZE', ...(samples ? (['SAMPLES'] as const) : []), ...(sha256 ? (['SHA256'] as const) : [])],
  };
}

async function compareSamples(subject: Subject, samples: readonly string[]): Promise<void> {
  const { size } = subject.row.session;
  for (const [i, start] of sampleStarts(size).entries()) {
    const bytes = await read(subject, start, Math.min(size, start + SAMPLE_BYTES));
    if (createHash('sha256').update(bytes).digest('hex') === samples[i]) continue;
    throw mismatch('The bytes of the file are not those of its samples.');
  }
}

/** Reads all bytes, once. Returns their SHA-256. */
async function readWhole({ storage, row, signal }: Subject, check: ContentCheck | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of (await storage.open(row.key, { signal })) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    check?.chunk(chunk);
  }
  check?.end();
  return hash.digest('hex');
}

/** The bytes from `start` to before `end`. */
async function read({ storage, row, signal }: Subject, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const body = await storage.open(row.key, { range: { start, end: end - 1 }, signal });
  for await (const chunk of body) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function mismatch(message: string): LecternError {
  return new LecternError('CHECKSUM_MISMATCH', message);
}
