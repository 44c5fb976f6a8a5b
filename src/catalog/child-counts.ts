import DataLoader from 'dataloader';
import type { Model } from '../database/model.js';

/**
 * Counts the living children of each parent, by the field that holds the parent's id. All counts that a request asks
 * for at once take one command. Nothing is cached: an earlier mutation of the same request may have changed a count.
 */
export function childCounts<D>(model: Model<D>, parentField: keyof D & string): DataLoader<string, number> {
  return new DataLoader<string, number>(
    async (parentIds) => {
      const groups = await model.aggregate<{ _id: string; count: number }>(
        [
          { $match: { [parentField]: { $in: [...new Set(parentIds)] }, deletedAt: { $exists: false } } },
          { $group: { _id: `$${parentField}`, count: { $sum: 1 } } },
        ],
        // One batch however many parents there are: a getMore would be another round trip.
        { batchSize: parentIds.length + 1 },
      );
      const counts = new Map(groups.map(({ _id, count }) => [_id, count]));
      return parentIds.map((id) => counts.get(id) ?? 0);
    },
    { cache: false },
  );
}
