import type { Model, UpdateQuery } from '../database/model.js';
import type { MediaFile } from './media-file.model.js';
import type { MediaSlot } from './slots.js';

/** Where exactly a file belongs: the owner's record, and the item of its list when the slot holds many. */
export interface Place {
  readonly ownerId: string;
  readonly itemId?: string;
}

/** A slot as its owner has it at one moment. */
export interface OwnerState {
  /** Raised by every change of the owner's files; a swap compares it. */
  readonly revision: number;
  readonly file: MediaFile | null;
  /** Marked as deleted: nothing can be published here any more. */
  readonly deleted: boolean;
}

/** What an item of a list holds beside its file: the owner's business. */
export type ItemFacts = Readonly<Record<string, unknown>>;

/** A file of an owner, and where it is in it. */
export interface OwnedFile {
  readonly place: Place;
  readonly file: MediaFile;
}

/** What media asks of the record that holds a file. The record is the authority on which file is live. */
export interface SlotOwner {
  /** The slot now, or null when there is no such record. */
  read(place: Place): Promise<OwnerState | null>;
  /**
   * Puts `next` into the slot if the revision is still this one and the owner lives. False: it was not. `facts` is what
   * a list keeps beside the file of a new item.
   */
  swap(place: Place, revision: number, next: MediaFile | null, facts?: ItemFacts): Promise<boolean>;
  /**
   * Says where the file in the slot is stored by now. All else stays as it is: what a list keeps beside the file, its
   * order, the time of the last change. False: the owner has another revision, is deleted, or has no such item.
   */
  relocate(place: Place, revision: number, file: MediaFile): Promise<boolean>;
  /**
   * Raises the revision and returns the slot, so that a swap which read before can no longer succeed. An owner that is
   * not there gets a tombstone under its id, so that a late insert of it fails.
   */
  fence(place: Place): Promise<OwnerState>;
  /** Every live file of this slot with its place, in bounded memory, however long the reader takes. */
  files(): AsyncIterable<OwnedFile>;
  /**
   * The files of this slot that these owners hold. Also those of owners that are marked as deleted: they are still
   * accounted for, by the removal that will release them.
   */
  filesOf(ownerIds: readonly string[]): Promise<readonly OwnedFile[]>;
}

export type SlotOwners = Record<MediaSlot, SlotOwner>;

/** What every record with files has. */
export interface OwnerDocument {
  _id: string;
  mediaRevision: number;
  deletedAt?: Date;
}

/** How many documents are held at once. */
const FILES_BATCH = 100;

/** The owner port for a slot that is one field of one model's documents. */
export function documentOwner<D extends OwnerDocument>(model: Model<D>, field: keyof D & string): SlotOwner {
  // Written against the untyped base: a field known only by name defeats the types of a generic filter and update.
  const documents = model as unknown as Model<OwnerDocument>;
  const slotFields = { mediaRevision: 1, deletedAt: 1, [field]: 1 };

  const stateOf = (document: OwnerDocument): OwnerState => ({
    revision: document.mediaRevision,
    file: (document as unknown as Record<string, MediaFile | undefined>)[field] ?? null,
    deleted: document.deletedAt !== undefined,
  });
  const filesIn = (document: OwnerDocument): OwnedFile[] => {
    const { file } = stateOf(document);
    return file ? [{ place: { ownerId: document._id }, file }] : [];
  };

  return {
    async read({ ownerId }) {
      const document = await documents.findById(ownerId, slotFields).lean<OwnerDocument>();
      return document && stateOf(document);
    },

    async swap({ ownerId }, revision, next) {
      const change: UpdateQuery<OwnerDocument> = next
        ? { $set: { [field]: next, updatedAt: new Date() } }
        : { $unset: { [field]: 1 } };
      const { matchedCount } = await documents.updateOne(
        { _id: ownerId, mediaRevision: revision, deletedAt: { $exists: false } },
        { ...change, $inc: { mediaRevision: 1 } },
      );
      return matchedCount === 1;
    },

    async relocate({ ownerId }, revision, file) {
      const { matchedCount } = await documents.updateOne(
        { _id: ownerId, mediaRevision: revision, deletedAt: { $exists: false } },
        { $set: { [field]: file }, $inc: { mediaRevision: 1 } },
      );
      return matchedCount === 1;
    },

    fence: async ({ ownerId }) => stateOf(await fence(documents, ownerId, slotFields)),

    async *files() {
      for await (const document of living(documents, { [field]: { $exists: true } }, slotFields)) {
        yield* filesIn(document);
      }
    },

    async filesOf(ownerIds) {
      return (await withIds(documents, ownerIds, slotFields)).flatMap(filesIn);
    },
  };
}

/** An item of a list of files. */
interface ListItem {
  readonly _id: string;
  readonly file: MediaFile;
}

/** The owner port for a slot that is a list of items in one field of one model's documents. */
export function listOwner<D extends OwnerDocument>(model: Model<D>, field: keyof D & string): SlotOwner {
  const documents = model as unknown as Model<OwnerDocument>;
  const slotFields = { mediaRevision: 1, deletedAt: 1, [field]: 1 };

  const itemsOf = (document: OwnerDocument): readonly ListItem[] =>
    (document as unknown as Record<string, readonly ListItem[] | undefined>)[field] ?? [];
  const stateOf = (document: OwnerDocument, itemId: string | undefined): OwnerState => ({
    revision: document.mediaRevision,
    file: itemsOf(document).find((item) => item._id === itemId)?.file ?? null,
    deleted: document.deletedAt !== undefined,
  });
  const filesIn = (document: OwnerDocument): OwnedFile[] =>
    itemsOf(document).map(({ _id, file }) => ({ place: { ownerId: document._id, itemId: _id }, file }));

  return {
    async read({ ownerId, itemId }) {
      const document = await documents.findById(ownerId, slotFields).lean<OwnerDocument>();
      return document && stateOf(document, itemId);
    },

    async swap({ ownerId, itemId }, revision, next, facts) {
      const unchanged = { _id: ownerId, mediaRevision: revision, deletedAt: { $exists: false } };
      const document = await documents.findOne(unchanged, slotFields).lean<OwnerDocument>();
      if (!document) return false;
      const others = itemsOf(document).filter((item) => item._id !== itemId);
      const items = next ? [...others, { ...facts, _id: itemId, file: next }] : others;
      const change: UpdateQuery<OwnerDocument> = { $set: { [field]: items, updatedAt: new Date() } };
      const { matchedCount } = await documents.updateOne(unchanged, { ...change, $inc: { mediaRevision: 1 } });
      return matchedCount === 1;
    },

    async relocate({ ownerId, itemId }, revision, file) {
      const unchanged = { _id: ownerId, mediaRevision: revision, deletedAt: { $exists: false } };
      const document = await documents.findOne(unchanged, slotFields).lean<OwnerDocument>();
      if (!document || !itemsOf(document).some((item) => item._id === itemId)) return false;
      const items = itemsOf(document).map((item) => (item._id === itemId ? { ...item, file } : item));
      const change: UpdateQuery<OwnerDocument> = { $set: { [field]: items }, $inc: { mediaRevision: 1 } };
      const { matchedCount } = await documents.updateOne(unchanged, change);
      return matchedCount === 1;
    },

    fence: async ({ ownerId, itemId }) => stateOf(await fence(documents, ownerId, slotFields), itemId),

    async *files() {
      for await (const document of living(documents, { [`${field}.0`]: { $exists: true } }, slotFields)) {
        yield* filesIn(document);
      }
    },

    async filesOf(ownerIds) {
      return (await withIds(documents, ownerIds, slotFields)).flatMap(filesIn);
    },
  };
}

type Projection = Readonly<Record<string, number>>;

/**
 * Every living document that meets the filter, in the order of ids. Page by page: a server forgets a cursor that is not
 * asked for ten minutes, and whoever reads each file whole may take longer over a page.
 */
async function* living(
  documents: Model<OwnerDocument>,
  filter: Readonly<Record<string, unknown>>,
  projection: Projection,
): AsyncGenerator<OwnerDocument> {
  for (let after = ''; ;) {
    const page = await documents
      .find({ ...filter, deletedAt: { $exists: false }, _id: { $gt: after } }, projection)
      .sort({ _id: 1 })
      .limit(FILES_BATCH)
      .lean<OwnerDocument[]>();
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < FILES_BATCH) return;
    after = last._id;
  }
}

async function withIds(
  documents: Model<OwnerDocument>,
  ids: readonly string[],
  projection: Projection,
): Promise<OwnerDocument[]> {
  return documents.find({ _id: { $in: ids } }, projection).lean<OwnerDocument[]>();
}

/** Raises the revision, or leaves a tombstone. Past mongoose: a tombstone has none of the fields that schemas require. */
async function fence(documents: Model<OwnerDocument>, ownerId: string, projection: Projection): Promise<OwnerDocument> {
  const document = await documents.collection.findOneAndUpdate(
    { _id: ownerId as never },
    { $inc: { mediaRevision: 1 }, $setOnInsert: { deletedAt: new Date() } },
    { upsert: true, returnDocument: 'after', projection },
  );
  if (!document) throw new Error(`The fence of ${ownerId} returned no document.`);
  return document as unknown as OwnerDocument;
}
