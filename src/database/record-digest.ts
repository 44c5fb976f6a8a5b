import { createHash } from 'node:crypto';
import { serialize } from 'bson';
import type { mongo } from 'mongoose';

/** The content of a collection, to compare it with another one. */
export interface RecordDigest {
  readonly count: number;
  /** The SHA-256 of all documents as BSON, in the order of their ids, in hexadecimal. */
  readonly sha256: string;
}

/** Reads documents without a change of their BSON types: 1 stays an int32, a long or a double. */
export const EXACT_TYPES = { promoteValues: false, bsonRegExp: true } as const;

/** Reads a whole collection. `onDocument` is called after each document. */
export async function digestOf(
  collection: mongo.Collection,
  { signal, onDocument }: { readonly signal?: AbortSignal; readonly onDocument?: () => void } = {},
): Promise<RecordDigest> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const document of collection.find({}, EXACT_TYPES).sort({ _id: 1 })) {
    signal?.throwIfAborted();
    hash.update(bsonOf(document));
    count += 1;
    onDocument?.();
  }
  return { count, sha256: hash.digest('hex') };
}

/** A document as BSON, with its id first: MongoDB puts it there, the embedded database leaves it where it was. */
export function bsonOf({ _id, ...fields }: mongo.Document): Uint8Array {
  return serialize({ _id: _id as unknown, ...fields }, { ignoreUndefined: false });
}
