import { index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../storage/storage.js';

/** An object that was the file of one of the owner's slots and that the owner no longer refers to. */
@modelOptions({ schemaOptions: { _id: false } })
export class ReleasedObject {
  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @prop({ type: () => String, required: true })
  key!: string;

  /** The `id` of the file that the object belongs to. A migration stores a file under another key with the same id. */
  @prop({ type: () => String, required: true })
  fileId!: string;

  /** When the sweeper may delete the object. */
  @prop({ type: () => Date, required: true })
  due!: Date;
}

/**
 * The fields of every record that holds files, or whose children do. The document alone says which files are live and
 * which objects were released. Every update that changes either compares `mediaRevision`, increments it, and does not
 * match a deleted record.
 */
@index({ 'released.due': 1 })
@index({ deletedAt: 1, _id: 1 }, { partialFilterExpression: { deletedAt: { $exists: true } } })
export abstract class OwnerRecord {
  /** Incremented by every change of the record's files. */
  @prop({ type: () => Number, required: true })
  mediaRevision!: number;

  /** Objects that were the files of the record's slots and have not been deleted yet. */
  @prop({ type: () => [ReleasedObject], default: undefined })
  released?: ReleasedObject[];

  /** When the record was deleted. For a day it stays as a tombstone, which queries do not return. */
  @prop({ type: () => Date })
  deletedAt?: Date;
}
