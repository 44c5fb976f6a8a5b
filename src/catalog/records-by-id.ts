import DataLoader from 'dataloader';
import type { Model, QueryFilter } from '../database/model.js';
import type { Projection } from './projection.js';

interface LivingDocument {
  _id: string;
  deletedAt?: Date;
}

/**
 * Returns a loader of records by id. It resolves with null when the record does not exist or is deleted. It reads whole
 * records, or the fields of `projection`.
 */
export function recordsById<D extends LivingDocument>(
  model: Model<D>,
  projection: Projection = {},
): DataLoader<string, D | null> {
  return new DataLoader(async (ids) => {
    const filter = { _id: { $in: ids }, deletedAt: { $exists: false } } as QueryFilter<D>;
    // All records in one batch: a getMore would be another round trip.
    const records = await model
      .find(filter, projection)
      .batchSize(ids.length + 1)
      .lean<D[]>();
    const byId = new Map(records.map((record) => [record._id, record]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
