import { modelOptions, prop } from '@typegoose/typegoose';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime, SafeInt } from '../graphql/scalars.js';
import type { StorageName } from '../storage/storage.js';
import type { MediaSlot } from './slots.js';

/**
 * One stored file: the sub-document that an owner keeps in a slot, and the GraphQL type. It names its storage and its
 * slot, so no other record is needed to serve it.
 */
@ObjectType({
  description: 'A stored file. Select `url` to get a signed URL, which is valid until `urlExpiresAt`.',
  simpleResolvers: true,
})
@modelOptions({ schemaOptions: { _id: false } })
export class MediaFile {
  @prop({ type: () => String, required: true })
  slot!: MediaSlot;

  /**
   * Made by the upload. Stays the same when a migration stores the file under another key. Absent in records of version
   * 0.1: use `fileId()`.
   */
  @prop({ type: () => String })
  id?: string;

  @Field(() => String, { description: 'The key of the object in its storage.' })
  @prop({ type: () => String, required: true })
  key!: string;

  /** An older or newer server may have written a name that this server does not know. */
  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @Field(() => String, { description: 'The name of the uploaded file, made safe to show and to use for a download.' })
  @prop({ type: () => String, required: true })
  filename!: string;

  @Field(() => String, { description: 'The media type, found by the content of the file.' })
  @prop({ type: () => String, required: true })
  contentType!: string;

  @Field(() => SafeInt, { description: 'Size in bytes.' })
  @prop({ type: () => Number, required: true })
  size!: number;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the bytes, in lower-case hex.' })
  @prop({ type: () => String })
  sha256?: string;

  @Field(() => Int, { nullable: true, description: 'Width in pixels, as displayed. Null when it is not known.' })
  @prop({ type: () => Number })
  width?: number;

  @Field(() => Int, { nullable: true, description: 'Height in pixels, as displayed. Null when it is not known.' })
  @prop({ type: () => Number })
  height?: number;

  @Field(() => Float, { nullable: true, description: 'Playing time in seconds. Null when it is not known.' })
  @prop({ type: () => Number })
  durationSeconds?: number;

  @Field(() => String, {
    nullable: true,
    description:
      'The codecs of a video or sound (RFC 6381), for `canPlayType`: `avc1.640028, mp4a.40.2`. Null when one of them ' +
      'is not known.',
  })
  @prop({ type: () => String })
  codecs?: string;

  /** The version of the measuring code (MEASURES_VERSION) that found these measures. Absent until it has succeeded. */
  @prop({ type: () => Number })
  measured?: number;

  @Field(() => DateTime, { description: 'When the file was stored.' })
  @prop({ type: () => Date, required: true })
  uploadedAt!: Date;
}

/**
 * Raise it when measuring finds more or other values. `lectern remeasure` then measures files of an older version
 * again.
 */
export const MEASURES_VERSION = 1;

/**
 * What measuring finds out about a file. Without `measured` it did not succeed, and the file is measured again later.
 */
export type Measures = Pick<MediaFile, 'width' | 'height' | 'durationSeconds' | 'codecs' | 'measured'> &
  // Only its tracks show whether an MP4 or WebM file has sound alone, so measuring may correct the type.
  Partial<Pick<MediaFile, 'contentType'>>;

/** The identity of a file, which does not change when a migration stores it under another key. */
export function fileId({ id, key }: MediaFile): string {
  return id ?? key;
}
