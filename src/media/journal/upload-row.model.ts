import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';
import { SessionRecord } from './session-record.model.js';

/**
 * The state of an upload that no owner refers to yet.
 * - `pending`: it may be published until `deadline`
 * - `expired`: the deadline has passed and it can no longer be published; the sweeper is finding out whether it was
 * - `doomed`: it was not published and never can be; the sweeper deletes the object at `due`
 * - `ended`: a direct upload that is over; clients can read its row until `due`
 */
export const ROW_STATES = ['pending', 'expired', 'doomed', 'ended'] as const;
export type RowState = (typeof ROW_STATES)[number];

/**
 * A row of the journal: one object whose upload is not finished. The row is removed when the upload is finished; the row
 * of a direct upload is removed a day later.
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

  /** The batch that wrote the row. Tells an insert that the driver has repeated from a row of another batch. */
  @prop({ type: () => String })
  batchId?: string;

  /** After this time the sweeper expires a pending row. */
  @prop({ type: () => Date })
  deadline?: Date;

  /** When the sweeper deletes the object of a doomed row, or the row of an ended session. */
  @prop({ type: () => Date })
  due?: Date;

  /** How often the sweeper failed to settle this row. */
  @prop({ type: () => Number })
  failures?: number;

  /** Present in the row of a direct upload. */
  @prop({ type: () => SessionRecord })
  session?: SessionRecord;
}

export const UploadRowModel = getModelForClass(UploadRow);
