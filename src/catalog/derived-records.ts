import type { Model, QueryFilter } from '../database/model.js';
import { derivedOfCourse, type CourseFacts } from './course/course-derived.js';
import { CourseModel } from './course/course.model.js';
import { DERIVED_VERSION } from './derived-version.js';
import { derivedOfImage } from './image/image-derived.js';
import { ImageModel } from './image/image.model.js';

/** Records of one collection that store something derived from their facts. */
export interface DerivedRecords {
  readonly collection: string;
  /** How many living records are of an earlier version. */
  countOld(): Promise<number>;
  /** Living records of an earlier version, in batches of at most `size`. Each record comes once. */
  old(size: number): AsyncGenerator<readonly OldRecord[]>;
  /** Derives anew and stores. A record that has changed meanwhile is passed over: the change has derived anew itself. */
  update(records: readonly UpdatedRecord[]): Promise<void>;
}

export interface OldRecord {
  readonly id: string;
  /** Throws when the record lacks a fact. */
  readonly derive: () => UpdatedRecord;
}

export interface UpdatedRecord {
  /** Finds the record only as long as it is as it was read. */
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

/** Every version before this one; null for records of before there were versions. */
const EARLIER_VERSIONS = [null, ...Array.from({ length: DERIVED_VERSION - 1 }, (_, index) => index + 1)];
const LIVING = { deletedAt: { $exists: false } };

/** Every kind of record that stores something derived. */
export const DERIVED_RECORDS: readonly DerivedRecords[] = [
  derivedRecords(CourseModel, (course) => derivedOfCourse(course as unknown as CourseFacts)),
  derivedRecords(ImageModel, (image) => derivedOfImage(image as unknown as { readonly uploaderId: string })),
];

function derivedRecords(model: Model<StoredRecord>, derive: (record: StoredRecord) => Derived): DerivedRecords {
  return {
    collection: model.collection.name,

    async countOld() {
      // One range of the index for each: `$in` with null is slow on some servers.
      const counts = await Promise.all(
        EARLIER_VERSIONS.map((version) => model.countDocuments({ derivedVersion: version, ...LIVING } as Filter)),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async *old(size) {
      for (const version of EARLIER_VERSIONS) {
        for (let after = ''; ;) {
          const filter = { derivedVersion: version, _id: { $gt: after }, ...LIVING } as Filter;
          // Without what is to be replaced.
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
