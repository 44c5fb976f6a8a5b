import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';

/**
 * What is still open about one stored object.
 * - `pending`: being uploaded; goes when its deadline has passed unless its owner refers to it
 * - `expired`: the deadline has passed; no longer publishable, being decided
 * - `doomed`: nobody refers to it or ever can; the object goes at `deleteAfter`
 * - `kept`: an original that a migration leaves in its storage, while the owner refers to the copy in the other one
 */
export const ROW_STATES = ['pending', 'expired', 'doomed', 'kept'] as const;
export type RowState = (typeof ROW_STATES)[number];

/** An object by its storage and key. */
@modelOptions({ schemaOptions: { _id: false } })
export class ObjectReference {
  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @prop({ type: () => String, required: true })
  key!: string;
}

/** A row of the journal: unfinished work on one object. A finished row is removed: an idle journal has only `kept` ones. */
@modelOptions({ schemaOptions: { collection: 'media_objects', versionKey: false } })
@index({ state: 1, deadline: 1 })
@index({ state: 1, deleteAfter: 1 })
@index({ requestId: 1 }, { sparse: true })
export class MediaObject {
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

  /** The request that uploads it, or the migration that copies it; its rows live and expire together. */
  @prop({ type: () => String })
  requestId?: string;

  /** A pending row past this moment is taken up by the sweeper. */
  @prop({ type: () => Date })
  deadline?: Date;

  /** What the owner held when this file was about to take its place. */
  @prop({ type: () => ObjectReference, _id: false })
  replaces?: ObjectReference;

  /** No upload: a pending row for a file that its owner is about to let go of. */
  @prop({ type: () => Boolean })
  leaving?: boolean;

  /** A doomed object goes at this moment, not before. */
  @prop({ type: () => Date })
  deleteAfter?: Date;
}

export const MediaObjectModel = getModelForClass(MediaObject);
