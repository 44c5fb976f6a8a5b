import type { StoredRecord } from '../database/record-stream.js';

interface CollectionRule {
  readonly name: string;
  /** The collection that owns its records, and the field with the id of the owner. */
  readonly owner?: { readonly collection: string; readonly field: string };
}

/**
 * What is backed up, in the order in which it is read: children before their parents. A child that was read has a parent
 * that is read later, or that was deleted meanwhile. A parent that names a child which was not read yet is no harm,
 * because ids of unknown children are ignored.
 */
export const COLLECTIONS: readonly CollectionRule[] = [
  { name: 'images' },
  { name: 'videos', owner: { collection: 'topics', field: 'topicId' } },
  { name: 'topics', owner: { collection: 'courses', field: 'courseId' } },
  { name: 'courses' },
];

/** Whether a record was deleted. Its descendants are being deleted. */
export function isDeleted(record: StoredRecord | null): record is null {
  return record === null || (record['deletedAt'] !== undefined && record['deletedAt'] !== null);
}
