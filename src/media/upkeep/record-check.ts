import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ObjectNotFoundError, type Storage, type StorageName } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import { isSameObject } from '../object-reference.js';
import type { OwnedFile, SlotOwner, SlotOwners } from '../slot-owner.js';
import { batches } from './batches.js';
import type { DanglingRecord, UnknownStorage, WrongChecksum, WrongSize } from './finding.js';

export interface RecordCheckParts {
  readonly owners: SlotOwners;
  readonly storageNamed: (name: StorageName) => Storage | undefined;
}

export interface RecordCheckOptions {
  /** Reads every object whole and compares its SHA-256. */
  readonly deep: boolean;
  /** Is told of every file that was looked at. */
  readonly seen: (file: MediaFile) => void;
}

type RecordFinding = DanglingRecord | UnknownStorage | WrongChecksum | WrongSize;

/** What is wrong with an object, without saying whose it is. */
type Fault =
  | Pick<DanglingRecord, 'kind'>
  | Pick<UnknownStorage, 'kind'>
  | Pick<WrongChecksum, 'kind' | 'expected' | 'found'>
  | Pick<WrongSize, 'kind' | 'expected' | 'found'>;

/** How many objects are looked at side by side: one request each. */
const AT_ONCE = 32;
/** How many objects are read side by side. */
const READ_AT_ONCE = 4;

/** From the records to the storage: whether every living record's object is there, and is what the record says. */
export class RecordCheck {
  constructor(private readonly parts: RecordCheckParts) {}

  async *findings(options: RecordCheckOptions): AsyncGenerator<RecordFinding> {
    const atOnce = options.deep ? READ_AT_ONCE : AT_ONCE;
    for (const owner of Object.values(this.parts.owners)) {
      for await (const batch of batches(owner.files(), atOnce)) {
        const findings = await Promise.all(batch.map((owned) => this.check(owner, owned, options)));
        yield* findings.filter((finding) => finding !== undefined);
      }
    }
  }

  private async check(
    owner: SlotOwner,
    { place, file }: OwnedFile,
    { deep, seen }: RecordCheckOptions,
  ): Promise<RecordFinding | undefined> {
    const fault = await this.faultOf(file, deep);
    seen(file);
    if (fault === undefined) return undefined;
    // Bytes are deleted only after their record has released them. So what counts is whether it still refers to them.
    const state = await owner.read(place);
    if (!state?.file || state.deleted || !isSameObject(state.file, file)) return undefined;
    const { kind, ...detail } = fault;
    // The kind goes with its details; taken apart, TypeScript no longer sees it.
    return { kind, key: file.key, storage: file.storage, slot: file.slot, ...place, ...detail } as RecordFinding;
  }

  private async faultOf(file: MediaFile, deep: boolean): Promise<Fault | undefined> {
    const storage = this.parts.storageNamed(file.storage);
    if (storage === undefined) return { kind: 'unknown-storage' };
    const stat = await storage.stat(file.key);
    if (stat === null) return { kind: 'dangling-record' };
    if (stat.size !== file.size) return { kind: 'wrong-size', expected: file.size, found: stat.size };
    if (!deep || file.sha256 === undefined) return undefined;
    const found = await sha256Of(storage, file.key);
    if (found === undefined) return { kind: 'dangling-record' };
    return found === file.sha256 ? undefined : { kind: 'wrong-checksum', expected: file.sha256, found };
  }
}

/** In lower-case hex; undefined when there is no such object any more. */
async function sha256Of(storage: Storage, key: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done();
    },
  });
  try {
    await pipeline(await storage.open(key), sink);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
  return hash.digest('hex');
}
