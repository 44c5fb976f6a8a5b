import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { MAX_PARTS } from '../part-size.js';

/**
 * The state of one part of a direct upload. One file has a record of fixed length for each part, that of part N at N - 1.
 * So one small write, which a power failure cannot split, marks a part, and one read lists ten thousand.
 */
export interface PartMark {
  readonly state: 'writing' | 'whole';
  /** Stands for one writing of the part. */
  readonly token: string;
  /** In bytes. */
  readonly size: number;
  /** Whether the bytes were compared with a signed MD5. */
  readonly md5Signed: boolean;
  /** When its writer was last seen, or when the part was whole. Milliseconds since the epoch. */
  readonly at: number;
}

/** state 1, MD5 1, time 6, size 8, token 16 bytes. */
const RECORD_BYTES = 32;
const TOKEN_BYTES = 16;
const STATES = [undefined, 'writing', 'whole'] as const;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

/** Returns undefined for a part that was not written and is not being written. */
export async function readMark(file: FileHandle, number: number): Promise<PartMark | undefined> {
  const record = Buffer.alloc(RECORD_BYTES);
  await file.read(record, 0, RECORD_BYTES, offsetOf(number));
  return decode(record);
}

/** Resolves when the mark would survive a power cut. Undefined takes the mark away. */
export async function writeMark(file: FileHandle, number: number, mark: PartMark | undefined): Promise<void> {
  await noteMark(file, number, mark);
  await file.datasync();
}

/** The same, for what may be lost with a power cut. */
export async function noteMark(file: FileHandle, number: number, mark: PartMark | undefined): Promise<void> {
  await file.write(encode(mark), 0, RECORD_BYTES, offsetOf(number));
}

/** Every mark with its number, in ascending order. */
export async function readMarks(file: FileHandle): Promise<(readonly [number: number, mark: PartMark])[]> {
  const all = Buffer.alloc(MAX_PARTS * RECORD_BYTES);
  const { bytesRead } = await file.read(all, 0, all.length, 0);
  const marks: (readonly [number, PartMark])[] = [];
  for (let number = 1; offsetOf(number) + RECORD_BYTES <= bytesRead; number++) {
    const mark = decode(all.subarray(offsetOf(number), offsetOf(number) + RECORD_BYTES));
    if (mark !== undefined) marks.push([number, mark]);
  }
  return marks;
}

function offsetOf(number: number): number {
  return (number - 1) * RECORD_BYTES;
}

function encode(mark: PartMark | undefined): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  if (mark === undefined) return record;
  record.writeUInt8(STATES.indexOf(mark.state), 0);
  record.writeUInt8(mark.md5Signed ? 1 : 0, 1);
  record.writeUIntBE(mark.at, 2, 6);
  record.writeBigUInt64BE(BigInt(mark.size), 8);
  record.write(mark.token, 16, 'hex');
  return record;
}

function decode(record: Buffer): PartMark | undefined {
  const state = STATES[record.readUInt8(0)];
  if (state === undefined) return undefined;
  return {
    state,
    md5Signed: record.readUInt8(1) === 1,
    at: record.readUIntBE(2, 6),
    size: Number(record.readBigUInt64BE(8)),
    token: record.toString('hex', 16),
  };
}
