import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';

/**
 * What is known of an upload that no owner refers to yet.
 * - `pending`: it may be published until `deadline`
 * - `expired`: the deadline has passed; it may no longer be published, and the sweeper is deciding whether it was
 * - `doomed`: it was never published and never can be; the sweeper deletes the object at `due`
 */
export const ROW_STATES = ['pending', 'expired', 'doomed'] as const;
export type RowState = (typeof ROW_STATES)[number];

/** A row of the journal: one object of an upload that is not finished. A finished row is removed: an idle journal is empty. */
@modelOptions({ schemaOptions: { collection: 'media_objects', versionKey: false } })
@index({ state: 1, deadline: 1 })
@index({ state: 1, due: 1 })
export class UploadRow {
  /** `{storage}/{key}`: one row per object. */
  @prop({ type: () => String, required: true })
  _id!: string;

  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @prop({ type: () => String, required: true })
  key!: string;

  @prop({ type: () => String, required: true, enum: ROW_STATES })
  state!: RowState;

  @prop({ type: () => String, required: true })
  slot!: MediaSlot;

  @prop({ type: () => String, required: true })
  ownerId!: string;

  @prop({ type: () => String })
  itemId?: string;

  /** The batch of uploads that wrote the row: an insert that the driver repeats is told from a row of somebody else. */
  @prop({ type: () => String })
  batchId?: string;

  /** The sweeper takes up a pending row after this moment. */
  @prop({ type: () => Date })
  deadline?: Date;

  /** The sweeper deletes a doomed object at this moment, not before. */
  @prop({ type: () => Date })
  due?: Date;

  /** How often the sweeper has failed at this row. */
  @prop({ type: () => Number })
  failures?: number;
}

export const UploadRowModel = getModelForClass(UploadRow);
