import DataLoader from 'dataloader';
import type { Model } from '../database/model.js';

/**
 * Returns a loader that counts the children of a parent that are not deleted. All counts that a request needs at the
 * same time take one database command. Counts are not cached, because a mutation of the same request may change them.
 * @param parentField The field of a child that holds its parent's id.
 */
export function childCounts<D>(model: Model<D>, parentField: keyof D & string): DataLoader<string, number> {
  return new DataLoader<string, number>(
    async (parentIds) => {
      const groups = await model.aggregate<{ _id: string; count: number }>(
        [
          { $match: { [parentField]: { $in: [...new Set(parentIds)] }, deletedAt: { $exists: false } } },
          { $group: { _id: `$${parentField}`, count: { $sum: 1 } } },
        ],
        // All groups in one batch: a getMore would be another round trip.
        { batchSize: parentIds.length + 1 },
      );
      const counts = new Map(groups.map(({ _id, count }) => [_id, count]));
      return parentIds.map((id) => counts.get(id) ?? 0);
    },
    { cache: false },
  );
}
