import type { UpdateQuery } from '../database/model.js';
import type { MediaFile } from './media-file.model.js';
import type { ItemFacts, OwnedFile, OwnerDocument, Place } from './slot-owner.js';

/** The field of a document that holds the files of one slot. */
export interface SlotField {
  readonly name: string;
  /** A query filter for documents that have a file in this field. */
  readonly holdsSome: Readonly<Record<string, unknown>>;
  /** A query filter for documents that have a file in this field which was not measured. */
  readonly holdsUnmeasured: Readonly<Record<string, unknown>>;
  filesIn(document: OwnerDocument): readonly OwnedFile[];
  /** Returns the file in a place. Returns null when the place is empty. */
  fileAt(document: OwnerDocument, place: Place): MediaFile | null;
  /**
   * Returns the update that puts `next` into a place of this document, or empties the place when `next` is null.
   * @param facts The other fields of a new list item. An existing item keeps its own.
   */
  change(
    document: OwnerDocument,
    place: Place,
    next: MediaFile | null,
    facts: ItemFacts | undefined,
  ): UpdateQuery<OwnerDocument>;
}

/** A field that holds one file. */
export function fileField(name: string): SlotField {
  const fileIn = (document: OwnerDocument): MediaFile | undefined => document[name] as MediaFile | undefined;
  return {
    name,
    holdsSome: { [name]: { $exists: true } },
    holdsUnmeasured: { [name]: { $exists: true }, [`${name}.measured`]: { $exists: false } },
    filesIn(document) {
      const file = fileIn(document);
      return file ? [{ place: { ownerId: document._id }, file }] : [];
    },
    fileAt: (document) => fileIn(document) ?? null,
    change: (_document, _place, next) => (next ? { $set: { [name]: next } } : { $unset: { [name]: 1 } }),
  };
}

/** An item of a list of files. */
interface ListItem {
  readonly _id: string;
  readonly file: MediaFile;
}

/** A field that holds a list of items, each with a file. */
export function listField(name: string): SlotField {
  const itemsIn = (document: OwnerDocument): readonly ListItem[] =>
    (document[name] as readonly ListItem[] | undefined) ?? [];
  return {
    name,
    holdsSome: { [`${name}.0`]: { $exists: true } },
    holdsUnmeasured: { [name]: { $elemMatch: { 'file.measured': { $exists: false } } } },
    filesIn: (document) =>
      itemsIn(document).map(({ _id, file }) => ({ place: { ownerId: document._id, itemId: _id }, file })),
    fileAt: (document, { itemId }) => itemsIn(document).find(({ _id }) => _id === itemId)?.file ?? null,
    // Writes the whole list. That is safe because the update compares the revision that was read with the list.
    change(document, { itemId }, next, facts) {
      const items = itemsIn(document);
      const isThere = items.some(({ _id }) => _id === itemId);
      if (!next) return { $set: { [name]: items.filter(({ _id }) => _id !== itemId) } };
      if (!isThere) return { $set: { [name]: [...items, { ...facts, _id: itemId, file: next }] } };
      return { $set: { [name]: items.map((item) => (item._id === itemId ? { ...item, file: next } : item)) } };
    },
  };
}
