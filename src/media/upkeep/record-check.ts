import { digestOf } from '../../digest.js';
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
  /** Also reads every object and compares its SHA-256. */
  readonly deep: boolean;
  /** Called for every file that was checked. */
  readonly seen: (file: MediaFile) => void;
}

type RecordFinding = DanglingRecord | UnknownStorage | WrongChecksum | WrongSize;

/** A finding about an object, without its record. */
type Fault =
  | Pick<DanglingRecord, 'kind'>
  | Pick<UnknownStorage, 'kind'>
  | Pick<WrongChecksum, 'kind' | 'expected' | 'found'>
  | Pick<WrongSize, 'kind' | 'expected' | 'found'>;

/** How many objects are checked at once, with one request each. */
const AT_ONCE = 32;
/** How many objects are read at once (`deep`). */
const READ_AT_ONCE = 4;

/** Checks that the object of every file exists and is what the record says. Skips deleted records. */
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
    // An object is deleted only after its record has released it. So it is a finding only if the record still refers to
    // it.
    const state = await owner.read(place);
    if (!state?.file || state.deleted || !isSameObject(state.file, file)) return undefined;
    const { kind, ...detail } = fault;
    // `kind` and `detail` belong together, which TypeScript cannot see once they are separate.
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

/** The SHA-256 of an object, in lower-case hex. Returns undefined when there is no such object. */
async function sha256Of(storage: Storage, key: string): Promise<string | undefined> {
  try {
    return (await digestOf(await storage.open(key))).sha256;
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}
