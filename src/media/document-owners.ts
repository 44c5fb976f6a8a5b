import type { Model, UpdateQuery } from '../database/model.js';
import { documentsIn, tombstonesIn } from './document-scans.js';
import { fileId, type MediaFile } from './media-file.model.js';
import { objectId } from './object-reference.js';
import type { OwnerRecord, ReleasedObject } from './owner-record.model.js';
import { fileField, listField, type SlotField } from './slot-field.js';
import type {
  DueRelease,
  OwnedFile,
  OwnerCollection,
  OwnerDocument,
  OwnerRecordAsRead,
  OwnerState,
  Place,
  PlaceState,
  SlotOwner,
  Swap,
  Waiting,
} from './slot-owner.js';

const ALIVE = { deletedAt: { $exists: false } };

type Filter = Readonly<Record<string, unknown>>;

export interface DocumentOwnersOptions {
  /** Fields to set in a document when it is marked as deleted, besides `deletedAt`. */
  readonly tombstone?: Readonly<Record<string, unknown>>;
  /** Fields to read besides those that hold files. They are in `OwnerState.document`. */
  readonly alsoRead?: readonly string[];
}

/** Implements the owner port (slot-owner.ts) for the documents of one model. */
export function documentOwners<D extends OwnerRecord>(
  model: Model<D>,
  options: DocumentOwnersOptions = {},
): DocumentOwners {
  // Field names are known at run time only, so the class uses the fields that all owners share, not the type `D`.
  return new DocumentOwners(model as unknown as Model<OwnerDocument>, options);
}

/** The owner port for one collection, and for each field of its documents that holds files. */
export class DocumentOwners implements OwnerCollection {
  private readonly fields: SlotField[] = [];

  constructor(
    private readonly documents: Model<OwnerDocument>,
    private readonly options: DocumentOwnersOptions,
  ) {}

  /** Declares that the field `name` holds one file. Returns the slot's owner. */
  file(name: string): SlotOwner {
    return this.slot(fileField(name));
  }

  /** Declares that the field `name` holds a list of items, each with a file. Returns the slot's owner. */
  list(name: string): SlotOwner {
    return this.slot(listField(name));
  }

  async read(ownerId: string): Promise<OwnerState | null> {
    const document = await this.documents.findById(ownerId, this.projection()).lean<OwnerDocument>();
    return document && this.stateOf(document);
  }

  /** Reads up to `limit` documents that match the filter and are not marked as deleted. */
  async living(filter: Filter, limit: number): Promise<readonly OwnerState[]> {
    const found = await this.documents
      .find({ ...filter, ...ALIVE }, this.projection())
      .limit(limit)
      .lean<OwnerDocument[]>();
    return found.map((document) => this.stateOf(document));
  }

  async markDeleted(seen: readonly OwnerState[], releaseAt: Date): Promise<ReadonlySet<string>> {
    const now = new Date();
    const { matchedCount } = await this.documents.bulkWrite(
      seen.map((owner) => ({ updateOne: { filter: unchanged(owner), update: this.deletion(owner, now, releaseAt) } })),
      { ordered: false },
    );
    const ids = seen.map(({ id }) => id);
    if (matchedCount === ids.length) return new Set(ids);
    const deleted = await this.documents
      .find({ _id: { $in: ids }, deletedAt: { $exists: true } }, { _id: 1 })
      .lean<OwnerDocument[]>();
    return new Set(deleted.map(({ _id }) => _id));
  }

  /** Yields every tombstone, in bounded memory. Its `released` lists the objects that are not deleted yet. */
  async *tombstones(): AsyncGenerator<OwnerState> {
    for await (const document of tombstonesIn(this.documents, this.projection())) yield this.stateOf(document);
  }

  /** Removes those of the tombstones that are older than `before` and have no released objects. */
  async removeTombstones(ids: readonly string[], before: Date): Promise<void> {
    const old = { deletedAt: { $lte: before }, 'released.0': { $exists: false } };
    await this.documents.deleteMany({ _id: { $in: ids }, ...old });
  }

  async fence(ownerId: string): Promise<OwnerState> {
    // By the driver, not mongoose: a tombstone has none of the fields that the schema requires.
    const document = await this.documents.collection.findOneAndUpdate(
      { _id: ownerId as never },
      { $inc: { mediaRevision: 1 }, $setOnInsert: { deletedAt: new Date() } },
      { upsert: true, returnDocument: 'after', projection: this.projection() },
    );
    if (!document) throw new Error(`The fence of ${ownerId} returned no document.`);
    return this.stateOf(document as unknown as OwnerDocument);
  }

  async heldBy(ownerIds: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.documents.find({ _id: { $in: ownerIds } }, this.projection()).lean<OwnerDocument[]>();
    const states = found.map((document) => this.stateOf(document));
    return new Set(
      states.flatMap(({ files, released }) => [...files.map(({ file }) => file), ...released]).map(objectId),
    );
  }

  async dueReleases(now: Date, except: readonly string[], limit: number): Promise<readonly DueRelease[]> {
    const found = await this.documents
      .find({ 'released.due': { $lte: now }, ...(except.length > 0 && { _id: { $nin: except } }) }, { released: 1 })
      .limit(limit)
      .lean<OwnerDocument[]>();
    return found.map(({ _id, released = [] }) => ({ ownerId: _id, objects: released.filter(({ due }) => due <= now) }));
  }

  async release(seen: OwnerState, object: ReleasedObject): Promise<boolean> {
    const change = { $set: { released: [...seen.released, object] }, $inc: { mediaRevision: 1 } };
    const { matchedCount } = await this.documents.updateOne(unchanged(seen), change);
    return matchedCount === 1;
  }

  async releaseDeleted(seen: OwnerState, releaseAt: Date): Promise<void> {
    const { id, revision } = seen;
    const asSeen = { _id: id, mediaRevision: revision ?? { $exists: false }, deletedAt: { $exists: true } };
    await this.documents.updateOne(asSeen, this.withoutFiles(seen, releaseAt));
  }

  async forget(releases: readonly DueRelease[]): Promise<void> {
    const pulls = releases.flatMap(({ ownerId, objects }) =>
      objects.map(({ storage, key }) => ({
        updateOne: { filter: { _id: ownerId }, update: { $pull: { released: { storage, key } } } },
      })),
    );
    if (pulls.length > 0) await this.documents.bulkWrite(pulls as never, { ordered: false });
  }

  async waiting(): Promise<Waiting> {
    let count = 0;
    let nextDue: Date | undefined;
    const holding = this.documents.find({ 'released.due': { $gte: new Date(0) } }, { released: 1 });
    for await (const { released = [] } of holding.lean<OwnerDocument[]>().cursor()) {
      count += released.length;
      for (const { due } of released) if (nextDue === undefined || due < nextDue) nextDue = due;
    }
    return { count, ...(nextDue && { nextDue }) };
  }

  private slot(field: SlotField): SlotOwner {
    this.fields.push(field);
    return {
      collection: this,
      read: async (place) => {
        const owner = await this.read(place.ownerId);
        return owner && { ...owner, file: field.fileAt(owner.document, place) };
      },
      swap: (place, seen, swap) => this.swap(field, place, seen, swap),
      amend: async (place, seen, file) => {
        const change = field.change(seen.document, place, file, undefined);
        const { matchedCount } = await this.documents.updateOne(unchanged(seen), {
          ...change,
          $inc: { mediaRevision: 1 },
        });
        return matchedCount === 1;
      },
      files: ({ unmeasured = false } = {}) => this.filesIn(field, unmeasured ? field.holdsUnmeasured : field.holdsSome),
    };
  }

  private async swap(
    field: SlotField,
    place: Place,
    seen: PlaceState,
    { next, facts, releaseAt }: Swap,
  ): Promise<boolean> {
    const sameFile = next !== null && seen.file !== null && fileId(next) === fileId(seen.file);
    const change = field.change(seen.document, place, next, facts);
    const { matchedCount } = await this.documents.updateOne(unchanged(seen), {
      ...change,
      $set: {
        ...change.$set,
        released: releasedBy(seen, sameFile, releaseAt),
        ...(!sameFile && { updatedAt: new Date() }),
      },
      $inc: { mediaRevision: 1 },
    });
    return matchedCount === 1;
  }

  private deletion(owner: OwnerState, deletedAt: Date, releaseAt: Date): UpdateQuery<OwnerDocument> {
    const change = this.withoutFiles(owner, releaseAt);
    return { ...change, $set: { ...change.$set, ...this.options.tombstone, deletedAt } };
  }

  /**
   * The update that moves all files of an owner to `released`. Objects that were released before become due at
   * `releaseAt` if they would have been due later.
   */
  private withoutFiles({ files, released }: OwnerState, releaseAt: Date): UpdateQuery<OwnerDocument> {
    const sooner = released.map((object) => (object.due > releaseAt ? dueAt(object, releaseAt) : object));
    const now = files.map(({ file }) => releasedFile(file, releaseAt));
    return {
      $set: { released: [...sooner, ...now] },
      ...(this.fields.length > 0 && { $unset: Object.fromEntries(this.fields.map(({ name }) => [name, 1])) }),
      $inc: { mediaRevision: 1 },
    };
  }

  private async *filesIn(field: SlotField, holding: Filter): AsyncGenerator<OwnedFile> {
    const documents = documentsIn(this.documents, { ...holding, ...ALIVE }, this.projection());
    for await (const document of documents) yield* field.filesIn(document);
  }

  private projection(): Readonly<Record<string, number>> {
    const names = [...this.fields.map(({ name }) => name), ...(this.options.alsoRead ?? [])];
    return { mediaRevision: 1, deletedAt: 1, released: 1, ...Object.fromEntries(names.map((name) => [name, 1])) };
  }

  /** Returns the owner whose record was read from the database, with all its files and released objects. */
  stateOf(record: OwnerRecordAsRead): OwnerState {
    const document = record as OwnerDocument;
    return {
      id: document._id,
      revision: document.mediaRevision,
      deleted: document.deletedAt !== undefined,
      files: this.fields.flatMap((field) => field.filesIn(document)),
      released: document.released ?? [],
      document,
    };
  }
}

/**
 * The filter of every update that changes files or adds to `released`. It matches the owner only if it is not deleted
 * and has the revision that was read.
 */
function unchanged({ id, revision }: OwnerState): Filter {
  return { _id: id, mediaRevision: revision ?? { $exists: false }, ...ALIVE };
}

/**
 * The list `released` after the file of a place was replaced or removed.
 * @param sameFile True when the place keeps the same file (a migration stored it under another key). When false,
 *   originals that migrations of the file have left become due no later than the file itself.
 */
function releasedBy({ file, released }: PlaceState, sameFile: boolean, releaseAt: Date): readonly ReleasedObject[] {
  if (file === null) return released;
  const isEarlierCopy = (object: ReleasedObject): boolean => object.fileId === fileId(file) && object.due > releaseAt;
  const earlier = sameFile
    ? released
    : released.map((object) => (isEarlierCopy(object) ? dueAt(object, releaseAt) : object));
  return [...earlier, releasedFile(file, releaseAt)];
}

function releasedFile(file: MediaFile, due: Date): ReleasedObject {
  return { storage: file.storage, key: file.key, fileId: fileId(file), due };
}

function dueAt({ storage, key, fileId: id }: ReleasedObject, due: Date): ReleasedObject {
  return { storage, key, fileId: id, due };
}
