import type { Model, QueryFilter } from '../database/model.js';
import { derivedOfCourse, type CourseFacts } from './course/course-derived.js';
import { CourseModel } from './course/course.model.js';
import { DERIVED_VERSION } from './derived-version.js';
import { derivedOfImage } from './image/image-derived.js';
import { ImageModel } from './image/image.model.js';

/** The records of a collection with fields that are derived from other fields (list keys, title keys, words). */
export interface DerivedRecords {
  readonly collection: string;
  /** Counts the records whose derived fields are of an earlier version. Deleted records do not count. */
  countOld(): Promise<number>;
  /** Yields those records in batches of at most `size`, each record once. */
  old(size: number): AsyncGenerator<readonly OldRecord[]>;
  /** Stores derived fields. Skips a record that was changed meanwhile, because that change has derived them anew. */
  update(records: readonly UpdatedRecord[]): Promise<void>;
}

export interface OldRecord {
  readonly id: string;
  /** Computes the derived fields. Throws when a field that they depend on is missing. */
  readonly derive: () => UpdatedRecord;
}

export interface UpdatedRecord {
  /** Matches the record only if it was not changed since it was read. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly derived: Readonly<Record<string, unknown>>;
}

type Derived = UpdatedRecord['derived'];

interface StoredRecord {
  _id: string;
  deletedAt?: Date;
  derivedVersion?: number;
  revision?: number;
}

/** Every earlier version. Null stands for records that are older than the first version. */
const EARLIER_VERSIONS = [null, ...Array.from({ length: DERIVED_VERSION - 1 }, (_, index) => index + 1)];
const LIVING = { deletedAt: { $exists: false } };

/** Every kind of record with derived fields. */
export const DERIVED_RECORDS: readonly DerivedRecords[] = [
  derivedRecords(CourseModel, (course) => derivedOfCourse(course as unknown as CourseFacts)),
  derivedRecords(ImageModel, (image) => derivedOfImage(image as unknown as { readonly uploaderId: string })),
];

function derivedRecords(model: Model<StoredRecord>, derive: (record: StoredRecord) => Derived): DerivedRecords {
  return {
    collection: model.collection.name,

    async countOld() {
      // One query for each version, because `$in` with null is slow on some servers.
      const counts = await Promise.all(
        EARLIER_VERSIONS.map((version) => model.countDocuments({ derivedVersion: version, ...LIVING } as Filter)),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async *old(size) {
      for (const version of EARLIER_VERSIONS) {
        for (let after = ''; ;) {
          const filter = { derivedVersion: version, _id: { $gt: after }, ...LIVING } as Filter;
          // Leaves out the fields that will be replaced.
          const found = await model
            .find(filter, { listKeys: 0, words: 0 })
            .sort({ _id: 1 })
            .limit(size)
            .lean<StoredRecord[]>();
          const last = found.at(-1);
          if (last) yield found.map((record) => oldRecord(record, derive));
          if (!last || found.length < size) break;
          after = last._id;
        }
      }
    },

    async update(records) {
      if (records.length === 0) return;
      const updates = records.map(({ filter, derived }) => {
        return { updateOne: { filter, update: { $set: derived } } };
      });
      await (model as unknown as Model<Record<string, unknown>>).bulkWrite(updates, { ordered: false });
    },
  };
}

type Filter = QueryFilter<StoredRecord>;

function oldRecord(record: StoredRecord, derive: (record: StoredRecord) => Derived): OldRecord {
  const { _id, derivedVersion = null, revision } = record;
  const filter = { _id, derivedVersion, ...(revision !== undefined && { revision }), ...LIVING };
  return { id: _id, derive: () => ({ filter, derived: derive(record) }) };
}
