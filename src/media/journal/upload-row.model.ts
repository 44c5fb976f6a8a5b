import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';
import { SessionRecord } from './session-record.model.js';

/**
 * What is known of an upload that no owner refers to yet.
 * - `pending`: it may be published until `deadline`
 * - `expired`: the deadline has passed; it may no longer be published, and the sweeper is deciding whether it was
 * - `doomed`: it was never published and never can be; the sweeper deletes the object at `due`
 * - `ended`: a direct upload that is over and leaves nothing to do; its clients can ask for it until `due`
 */
export const ROW_STATES = ['pending', 'expired', 'doomed', 'ended'] as const;
export type RowState = (typeof ROW_STATES)[number];

/**
 * A row of the journal: one object of an upload that is not finished. A finished row is removed, that of a direct upload
 * a day later: an idle journal is empty.
 */
@modelOptions({ schemaOptions: { collection: 'media_objects', versionKey: false } })
@index({ state: 1, deadline: 1 })
@index({ state: 1, due: 1 })
@index({ 'session.id': 1 }, { partialFilterExpression: { session: { $exists: true } } })
@index({ 'session.makerId': 1, 'session.id': 1 }, { partialFilterExpression: { session: { $exists: true } } })
@index(
  { 'session.makerId': 1, 'session.idempotencyKey': 1 },
  { unique: true, partialFilterExpression: { 'session.idempotencyKey': { $exists: true } } },
)
@index({ 'session.leaseUntil': 1 }, { partialFilterExpression: { 'session.leaseUntil': { $exists: true } } })
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

  /** The sweeper deletes a doomed object, or the row of an ended session, at this moment, not before. */
  @prop({ type: () => Date })
  due?: Date;

  /** How often the sweeper has failed at this row. */
  @prop({ type: () => Number })
  failures?: number;

  /** Present in the row of a direct upload. */
  @prop({ type: () => SessionRecord })
  session?: SessionRecord;
}

export const UploadRowModel = getModelForClass(UploadRow);
