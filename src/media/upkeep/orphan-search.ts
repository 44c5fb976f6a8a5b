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

/** An object whose key Lectern made. */
export interface StoredObject extends PlacedObject {
  readonly size: number;
  readonly modifiedAt: Date;
}

/** How many objects are looked up with one database command. */
const BATCH = 200;

/**
 * Finds orphans: objects and unfinished uploads that neither a record nor the journal knows. Uploads, replacements and
 * deletions may run at the same time, on other servers too. Looks only at keys of the form that Lectern makes:
 * `{prefix of a slot}/{id}/{name}`.
 */
export class OrphanSearch {
  constructor(private readonly parts: OrphanSearchParts) {}

  /**
   * Yields every orphan of a storage.
   * @param seen Called after each batch with the number of objects that were looked at.
   */
  async *objects(storage: Storage, seen: (objects: number) => void): AsyncGenerator<StoredObject> {
    for (const rules of Object.values(this.parts.slots)) {
      for await (const batch of batches(objectsOf(storage, rules), BATCH)) {
        yield* await this.orphansAmong(storage, rules.slot, batch);
        seen(batch.length);
      }
    }
  }

  /** Returns true when an object that was found to be an orphan still is one. */
  async isOrphan(storage: Storage, object: StoredObject): Promise<boolean> {
    return (await this.orphansAmong(storage, object.slot, [object])).length === 1;
  }

  /** Yields every unfinished upload of a storage that has no row in the journal. */
  async *unfinished(storage: Storage): AsyncGenerator<UnfinishedUpload> {
    for (const { prefix } of Object.values(this.parts.slots)) {
      for await (const batch of batches(storage.unfinished(`${prefix}/`), BATCH)) {
        const ownerIds = batch.map(({ name }) => ownerIdOf(name)).filter((id) => id !== undefined);
        const open = await this.parts.journal.keysOf(storage.name, [...new Set(ownerIds)]);
        for (const upload of batch) {
          const { name, id, begunAt } = upload;
          if (ownerIdOf(name) === undefined || open.some((key) => upload.belongsTo(key))) continue;
          // Rows are removed after their upload has ended. An upload that is still unfinished now has never had a row.
          if (!(await isUnfinished(storage, name, id))) continue;
          yield { kind: 'unfinished-upload', key: name, storage: storage.name, begunAt };
        }
      }
    }
  }

  /**
   * Returns the objects that are orphans. The order of the questions matters when uploads run at the same time: the
   * object was listed, then has no row, then is not held by its owner. An upload keeps its row until its owner holds
   * the object, and keys are never used again, so an object that is in neither will never be. Owners are asked once
   * more at the beginning only to save work: most objects have one.
   */
  private async orphansAmong(
    storage: Storage,
    slot: MediaSlot,
    objects: readonly StoredObject[],
  ): Promise<readonly StoredObject[]> {
    let left = await this.unowned(slot, objects);
    left = await this.unjournalled(left);
    left = await this.unowned(slot, left);
    const exists = await Promise.all(left.map(async ({ key }) => (await storage.stat(key)) !== null));
    return left.filter((_object, index) => exists[index]);
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
    // Without an id that Lectern made, it is an object of another program in a shared bucket.
    if (ownerId !== undefined) yield { storage: storage.name, key, slot, place: { ownerId }, size, modifiedAt };
  }
}

/** Returns the second segment of a key. Returns undefined when it is not an id that Lectern made. */
function ownerIdOf(key: string): string | undefined {
  const id = key.split('/')[1];
  return id !== undefined && isId(id) ? id : undefined;
}

async function isUnfinished(storage: Storage, name: string, id: string): Promise<boolean> {
  for await (const found of storage.unfinished(name)) if (found.id === id) return true;
  return false;
}
