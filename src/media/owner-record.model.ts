import { index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../storage/storage.js';

/** An object that an owner held in one of its slots and holds no more. */
@modelOptions({ schemaOptions: { _id: false } })
export class ReleasedObject {
  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @prop({ type: () => String, required: true })
  key!: string;

  /** The `id` of the file whose bytes these are: a file that a migration moved has the same id in both places. */
  @prop({ type: () => String, required: true })
  fileId!: string;

  /** The sweeper deletes the object at this moment. */
  @prop({ type: () => Date, required: true })
  due!: Date;
}

/**
 * What every record has that holds files, or has children that do. Its document alone says which files are live and
 * which objects it has released; every update of either compares `mediaRevision`, raises it, and needs a living record.
 */
@index({ 'released.due': 1 })
@index({ deletedAt: 1, _id: 1 }, { partialFilterExpression: { deletedAt: { $exists: true } } })
export abstract class OwnerRecord {
  /** Raised by every change of the record's files. */
  @prop({ type: () => Number, required: true })
  mediaRevision!: number;

  /** Objects that were in the record's slots, until the sweeper has deleted them. */
  @prop({ type: () => [ReleasedObject], default: undefined })
  released?: ReleasedObject[];

  /** When the record was deleted. It stays for a day as a tombstone, which no reader sees. */
  @prop({ type: () => Date })
  deletedAt?: Date;
}
