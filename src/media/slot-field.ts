import type { UpdateQuery } from '../database/model.js';
import type { MediaFile } from './media-file.model.js';
import type { ItemFacts, OwnedFile, OwnerDocument, Place } from './slot-owner.js';

/** How a document holds the files of one slot. */
export interface SlotField {
  readonly name: string;
  /** A filter for the documents that hold a file here. */
  readonly holdsSome: Readonly<Record<string, unknown>>;
  /** A filter for the documents that hold a file here which has not been measured. */
  readonly holdsUnmeasured: Readonly<Record<string, unknown>>;
  filesIn(document: OwnerDocument): readonly OwnedFile[];
  /** The file in a place, or null when it is empty. */
  fileAt(document: OwnerDocument, place: Place): MediaFile | null;
  /** The update that puts `next` into a place of this document, or empties it. */
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
    // The whole list, as it was read: the update compares the revision, so nobody has changed it meanwhile.
    change(document, { itemId }, next, facts) {
      const items = itemsIn(document);
      const isThere = items.some(({ _id }) => _id === itemId);
      if (!next) return { $set: { [name]: items.filter(({ _id }) => _id !== itemId) } };
      if (!isThere) return { $set: { [name]: [...items, { ...facts, _id: itemId, file: next }] } };
      return { $set: { [name]: items.map((item) => (item._id === itemId ? { ...item, file: next } : item)) } };
    },
  };
}
