import { isId } from '../../database/ids.js';
import type { Storage } from '../../storage/storage.js';
import type { Journal, JournalledObject } from '../journal/journal.js';
import type { SlotOwners } from '../slot-owner.js';
import { MEDIA_SLOTS, SLOTS, type MediaSlot } from '../slots.js';
import { batches } from './batches.js';
import type { UnfinishedUpload } from './finding.js';

export interface OrphanSearchParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
}

/** An object with a key of ours. */
export interface StoredObject extends JournalledObject {
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
    for (const slot of MEDIA_SLOTS) {
      for await (const batch of batches(objectsOf(storage, slot), BATCH)) {
        yield* await this.orphansAmong(storage, slot, batch);
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
    for (const slot of MEDIA_SLOTS) {
      for await (const batch of batches(storage.unfinished(`${SLOTS[slot].prefix}/`), BATCH)) {
        const ownerIds = batch.map(({ name }) => ownerIdOf(name)).filter((id) => id !== undefined);
        const open = await this.parts.journal.openKeysOf(storage.name, [...new Set(ownerIds)]);
        for (const upload of batch) {
          const { name, id, begunAt } = upload;
          if (ownerIdOf(name) === undefined || open.some((key) => upload.belongsTo(key))) continue;
          // The row goes after the upload has ended. So only what is still unfinished had none.
          if (!(await isUnfinished(storage, name, id))) continue;
          yield { kind: 'unfinished-upload', key: name, storage: storage.name, begunAt };
        }
      }
    }
  }

  /**
   * The order is what makes it right beside running work. An object without a row is published, or going: whoever takes
   * it from its owner has written a row before, and removes that row only after the object is gone. So what has no row,
   * then no owner, then still no row, and then is still there, nobody knows of; and as a key is never written twice,
   * nobody ever will. Nearly all objects have an owner, so that is also asked first.
   */
  private async orphansAmong(
    storage: Storage,
    slot: MediaSlot,
    objects: readonly StoredObject[],
  ): Promise<readonly StoredObject[]> {
    let left = await this.unowned(storage, slot, objects);
    left = await this.unjournalled(storage, left);
    left = await this.unowned(storage, slot, left);
    left = await this.unjournalled(storage, left);
    const there = await Promise.all(left.map(async ({ key }) => (await storage.stat(key)) !== null));
    return left.filter((_object, index) => there[index]);
  }

  private async unowned(
    storage: Storage,
    slot: MediaSlot,
    objects: readonly StoredObject[],
  ): Promise<readonly StoredObject[]> {
    if (objects.length === 0) return objects;
    const ownerIds = new Set(objects.map(({ place }) => place.ownerId));
    const owned = await this.parts.owners[slot].filesOf([...ownerIds]);
    const keys = new Set(owned.filter(({ file }) => file.storage === storage.name).map(({ file }) => file.key));
    return objects.filter(({ key }) => !keys.has(key));
  }

  private async unjournalled(storage: Storage, objects: readonly StoredObject[]): Promise<readonly StoredObject[]> {
    if (objects.length === 0) return objects;
    const keys = objects.map(({ key }) => key);
    const known = await this.parts.journal.accountedFor(storage.name, keys);
    return objects.filter(({ key }) => !known.has(key));
  }
}

async function* objectsOf(storage: Storage, slot: MediaSlot): AsyncGenerator<StoredObject> {
  for await (const { key, size, modifiedAt } of storage.list(`${SLOTS[slot].prefix}/`)) {
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
