import { deserialize } from 'bson';
import type { mongo } from 'mongoose';
import { EXACT_TYPES } from './record-digest.js';

/** A document, with BSON types as they are stored. */
export type StoredRecord = mongo.Document & { readonly _id: string };

/** A collection with records, of the connected database or another one. */
export interface RecordCollection {
  /** Reads all documents in the order of their ids, as they are stored. */
  read(): AsyncIterable<StoredRecord>;
  /** Reads one document. Returns null when there is none. */
  readOne(id: string): Promise<StoredRecord | null>;
  count(): Promise<number>;
  /** Writes documents. Those that exist are replaced. */
  write(documents: readonly StoredRecord[]): Promise<void>;
}

export function recordCollection(db: mongo.Db, name: string): RecordCollection {
  const collection = db.collection<StoredRecord>(name);
  return {
    read: () => collection.find<StoredRecord>({}, EXACT_TYPES).sort({ _id: 1 }),
    readOne: (_id) => collection.findOne<StoredRecord>({ _id }, EXACT_TYPES),
    count: () => collection.countDocuments(),
    write: async (documents) => {
      if (documents.length === 0) return;
      await collection.bulkWrite(
        documents.map((replacement) => ({
          replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true },
        })),
      );
    },
  };
}

/** Reads BSON documents that follow each other, as in a file of mongodump. */
export async function* decodeRecords(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StoredRecord> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    // A document begins with its length (bsonspec.org).
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      yield deserialize(rest.subarray(0, length), EXACT_TYPES) as StoredRecord;
      rest = rest.subarray(length);
    }
  }
  if (rest.length > 0) throw new RangeError('The last document is cut off.');
}
