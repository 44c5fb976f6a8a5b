import { isId } from '../../database/ids.js';
import type { Storage } from '../../storage/storage.js';
import type { Journal, PlacedObject } from '../journal/journal.js';
import { objectId } from '../object-reference.js';
import type { SlotOwners } from '../slot-owner.js';
import type { MediaSlot, SlotRules } from '../slots.js';
import { batches } from './batches.js';
import type { UnfinishedUpload } from './finding.js';

export interface OrphanSearchParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
}

/** An object with a key of ours. */
export interface StoredObject extends PlacedObject {
  readonly size: number;
  readonly modifiedAt: Date;
}

/** How many objects are held, and asked for at once. */
const BATCH = 200;

/**
 * From the storage to the records: what lies in a store and nobody knows of. Uploads, replacements and deletions may run
 * meanwhile, on other servers too. Only keys that Lectern makes are looked at: `{prefix of a slot}/{an id of ours}/{name}`.
 */
export class OrphanSearch {
  constructor(private readonly parts: OrphanSearchParts) {}

  /** Every orphan of a storage. `seen` is told of all objects that were looked at, batch by batch. */
  async *objects(storage: Storage, seen: (objects: number) => void): AsyncGenerator<StoredObject> {
    for (const rules of Object.values(this.parts.slots)) {
      for await (const batch of batches(objectsOf(storage, rules), BATCH)) {
        yield* await this.orphansAmong(storage, rules.slot, batch);
        seen(batch.length);
      }
    }
  }

  /** Whether an object that was an orphan is one still. */
  async isOrphan(storage: Storage, object: StoredObject): Promise<boolean> {
    return (await this.orphansAmong(storage, object.slot, [object])).length === 1;
  }

  /** Every unfinished upload of a storage that no row of the journal accounts for. */
  async *unfinished(storage: Storage): AsyncGenerator<UnfinishedUpload> {
    for (const { prefix } of Object.values(this.parts.slots)) {
      for await (const batch of batches(storage.unfinished(`${prefix}/`), BATCH)) {
        const ownerIds = batch.map(({ name }) => ownerIdOf(name)).filter((id) => id !== undefined);
        const open = await this.parts.journal.keysOf(storage.name, [...new Set(ownerIds)]);
        for (const upload of batch) {
          const { name, id, begunAt } = upload;
          if (ownerIdOf(name) === undefined || open.some((key) => upload.belongsTo(key))) continue;
          // A row is removed after its upload has ended. So an upload that is still unfinished now had no row.
          if (!(await isUnfinished(storage, name, id))) continue;
          yield { kind: 'unfinished-upload', key: name, storage: storage.name, begunAt };
        }
      }
    }
  }

  /**
   * The order is what makes it right beside running work: listed, then without a row, then not held by its owner. An
   * upload has a row until its owner holds the object, so what is in neither is in neither for good: keys are never used
   * again. Most objects have an owner, so that is also asked first, to ask less of the journal.
   */
  private async orphansAmong(
    storage: Storage,
    slot: MediaSlot,
    objects: readonly StoredObject[],
  ): Promise<readonly StoredObject[]> {
    let left = await this.unowned(slot, objects);
    left = await this.unjournalled(left);
    left = await this.unowned(slot, left);
    const there = await Promise.all(left.map(async ({ key }) => (await storage.stat(key)) !== null));
    return left.filter((_object, index) => there[index]);
  }

  private async unowned(slot: MediaSlot, objects: readonly StoredObject[]): Promise<readonly StoredObject[]> {
    if (objects.length === 0) return objects;
    const ownerIds = new Set(objects.map(({ place }) => place.ownerId));
    const held = await this.parts.owners[slot].collection.heldBy([...ownerIds]);
    return objects.filter((object) => !held.has(objectId(object)));
  }

  private async unjournalled(objects: readonly StoredObject[]): Promise<readonly StoredObject[]> {
    if (objects.length === 0) return objects;
    const known = await this.parts.journal.withRow(objects);
    return objects.filter((object) => !known.has(objectId(object)));
  }
}

async function* objectsOf(storage: Storage, { slot, prefix }: SlotRules): AsyncGenerator<StoredObject> {
  for await (const { key, size, modifiedAt } of storage.list(`${prefix}/`)) {
    const ownerId = ownerIdOf(key);
    // In a shared bucket, what is under such a name without an id of ours is somebody else's.
    if (ownerId !== undefined) yield { storage: storage.name, key, slot, place: { ownerId }, size, modifiedAt };
  }
}

/** The second segment of a key, if it is an id of ours. */
function ownerIdOf(key: string): string | undefined {
  const id = key.split('/')[1];
  return id !== undefined && isId(id) ? id : undefined;
}

async function isUnfinished(storage: Storage, name: string, id: string): Promise<boolean> {
  for await (const found of storage.unfinished(name)) if (found.id === id) return true;
  return false;
}
