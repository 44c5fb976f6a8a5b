import type { Model, UpdateQuery } from '../database/model.js';
import { fileId, type MediaFile } from './media-file.model.js';
import { objectId } from './object-reference.js';
import type { OwnerRecord, ReleasedObject } from './owner-record.model.js';
import { fileField, listField, type SlotField } from './slot-field.js';
import type {
  DueRelease,
  OwnedFile,
  OwnerCollection,
  OwnerDocument,
  OwnerState,
  Place,
  PlaceState,
  SlotOwner,
  Swap,
  Waiting,
} from './slot-owner.js';

/** How many documents are held at once. */
const BATCH = 100;

const ALIVE = { deletedAt: { $exists: false } };

type Filter = Readonly<Record<string, unknown>>;

export interface DocumentOwnersOptions {
  /** The values that fields of a deleted record get, besides `deletedAt`. */
  readonly tombstone?: Readonly<Record<string, unknown>>;
  /** Further fields that are read with an owner: `state.document` has them. */
  readonly alsoRead?: readonly string[];
}

/** The owner port for the documents of one model. */
export function documentOwners<D extends OwnerRecord>(
  model: Model<D>,
  options: DocumentOwnersOptions = {},
): DocumentOwners {
  // Written against the shape that all owners share: fields known only by name defeat the types of a generic filter.
  return new DocumentOwners(model as unknown as Model<OwnerDocument>, options);
}

/** The owner port for the documents of one model, and for each of its fields that hold files. */
export class DocumentOwners implements OwnerCollection {
  private readonly fields: SlotField[] = [];

  constructor(
    private readonly documents: Model<OwnerDocument>,
    private readonly options: DocumentOwnersOptions,
  ) {}

  /** The slot that is a field with one file. */
  file(name: string): SlotOwner {
    return this.slot(fileField(name));
  }

  /** The slot that is a field with a list of items, each with a file. */
  list(name: string): SlotOwner {
    return this.slot(listField(name));
  }

  async read(ownerId: string): Promise<OwnerState | null> {
    const document = await this.documents.findById(ownerId, this.projection()).lean<OwnerDocument>();
    return document && this.stateOf(document);
  }

  /** At most `limit` living documents that meet a filter. */
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

  /** Every tombstone, in bounded memory. `released` tells whether some of its bytes have not been deleted yet. */
  tombstones(): AsyncGenerator<OwnerState> {
    return this.pages({ deletedAt: { $exists: true } }, this.projection());
  }

  /** Removes tombstones of before a moment that have no released objects. */
  async removeTombstones(ids: readonly string[], before: Date): Promise<void> {
    const old = { deletedAt: { $lte: before }, 'released.0': { $exists: false } };
    await this.documents.deleteMany({ _id: { $in: ids }, ...old });
  }

  async fence(ownerId: string): Promise<OwnerState> {
    // Past mongoose: a tombstone has none of the fields that schemas require.
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
    const holding = { 'released.due': { $gte: new Date(0) } };
    let count = 0;
    let nextDue: Date | undefined;
    for await (const { released } of this.pages(holding, { released: 1 })) {
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
    const moved = next !== null && seen.file !== null && fileId(next) === fileId(seen.file);
    const change = field.change(seen.document, place, next, facts);
    const { matchedCount } = await this.documents.updateOne(unchanged(seen), {
      ...change,
      $set: {
        ...change.$set,
        released: releasedBy(seen, moved, releaseAt),
        ...(!moved && { updatedAt: new Date() }),
      },
      $inc: { mediaRevision: 1 },
    });
    return matchedCount === 1;
  }

  private deletion(owner: OwnerState, deletedAt: Date, releaseAt: Date): UpdateQuery<OwnerDocument> {
    const change = this.withoutFiles(owner, releaseAt);
    return { ...change, $set: { ...change.$set, ...this.options.tombstone, deletedAt } };
  }

  /** The update that releases all files of an owner, and makes what it had released before due no later than these. */
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
    for await (const { document } of this.pages({ ...holding, ...ALIVE }, this.projection())) {
      yield* field.filesIn(document);
    }
  }

  /**
   * Every document that meets the filter, in the order of ids. Page by page: a server forgets a cursor that is not asked
   * for ten minutes, and a reader of whole files may take longer over a page.
   */
  private async *pages(filter: Filter, projection: Readonly<Record<string, number>>): AsyncGenerator<OwnerState> {
    for (let after = ''; ;) {
      const page = await this.documents
        .find({ ...filter, _id: { $gt: after } }, projection)
        .sort({ _id: 1 })
        .limit(BATCH)
        .lean<OwnerDocument[]>();
      for (const document of page) yield this.stateOf(document);
      const last = page.at(-1);
      if (!last || page.length < BATCH) return;
      after = last._id;
    }
  }

  private projection(): Readonly<Record<string, number>> {
    const names = [...this.fields.map(({ name }) => name), ...(this.options.alsoRead ?? [])];
    return { mediaRevision: 1, deletedAt: 1, released: 1, ...Object.fromEntries(names.map((name) => [name, 1])) };
  }

  private stateOf(document: OwnerDocument): OwnerState {
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

/** The filter of every update that changes files or adds to `released`: the owner lives and is as it was read. */
function unchanged({ id, revision }: OwnerState): Filter {
  return { _id: id, mediaRevision: revision ?? { $exists: false }, ...ALIVE };
}

/**
 * The list `released` once the file of a place has been taken out. When the file was not just moved, the originals that
 * migrations of it have left are due no later than the file itself.
 */
function releasedBy({ file, released }: PlaceState, moved: boolean, releaseAt: Date): readonly ReleasedObject[] {
  if (file === null) return released;
  const isEarlierCopy = (object: ReleasedObject): boolean => object.fileId === fileId(file) && object.due > releaseAt;
  const known = moved
    ? released
    : released.map((object) => (isEarlierCopy(object) ? dueAt(object, releaseAt) : object));
  return [...known, releasedFile(file, releaseAt)];
}

function releasedFile(file: MediaFile, due: Date): ReleasedObject {
  return { storage: file.storage, key: file.key, fileId: fileId(file), due };
}

function dueAt({ storage, key, fileId: id }: ReleasedObject, due: Date): ReleasedObject {
  return { storage, key, fileId: id, due };
}
