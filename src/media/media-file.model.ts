import { modelOptions, prop } from '@typegoose/typegoose';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime, SafeInt } from '../graphql/scalars.js';
import type { StorageName } from '../storage/storage.js';
import type { MediaSlot } from './slots.js';

/**
 * One stored file: the sub-document that its owner keeps in a slot, and the GraphQL type. It names its storage and its
 * slot, so that everything about serving it follows from the file alone.
 */
@ObjectType({
  description: 'A stored file. Its `url` is signed when the field is selected and opens the file until `urlExpiresAt`.',
  simpleResolvers: true,
})
@modelOptions({ schemaOptions: { _id: false } })
export class MediaFile {
  @prop({ type: () => String, required: true })
  slot!: MediaSlot;

  /** Made by the upload. Stays when a migration stores the file under another key. Absent in records of before: `fileId`. */
  @prop({ type: () => String })
  id?: string;

  @Field(() => String, { description: 'The key of the object in its storage.' })
  @prop({ type: () => String, required: true })
  key!: string;

  /** Any name: a record of an older or newer server may have one that this server does not know. */
  @prop({ type: () => String, required: true })
  storage!: StorageName;

  @Field(() => String, { description: 'The name the file was uploaded under, made safe to show and to save as.' })
  @prop({ type: () => String, required: true })
  filename!: string;

  @Field(() => String, { description: 'The media type, decided by the content.' })
  @prop({ type: () => String, required: true })
  contentType!: string;

  @Field(() => SafeInt, { description: 'Size in bytes.' })
  @prop({ type: () => Number, required: true })
  size!: number;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the bytes, in lower-case hex.' })
  @prop({ type: () => String })
  sha256?: string;

  @Field(() => Int, { nullable: true, description: 'Width in pixels, as it is shown. Null where it is not known.' })
  @prop({ type: () => Number })
  width?: number;

  @Field(() => Int, { nullable: true, description: 'Height in pixels, as it is shown. Null where it is not known.' })
  @prop({ type: () => Number })
  height?: number;

  @Field(() => Float, { nullable: true, description: 'Playing time in seconds, where it is known.' })
  @prop({ type: () => Number })
  durationSeconds?: number;

  @Field(() => String, {
    nullable: true,
    description:
      'The codecs of a video or sound as `canPlayType` takes them (RFC 6381): `avc1.640028, mp4a.40.2`. Null where ' +
      'one of them is not known.',
  })
  @prop({ type: () => String })
  codecs?: string;

  /** The version of the measuring that these measures come from (MEASURES_VERSION). Absent when it was given up. */
  @prop({ type: () => Number })
  measured?: number;

  @Field(() => DateTime, { description: 'When the file was stored.' })
  @prop({ type: () => Date, required: true })
  uploadedAt!: Date;
}

/** Raised when measuring finds more, or something else: files with an older version are measured again. */
export const MEASURES_VERSION = 1;

/** What measuring finds out about a file. `measured` is absent when it was given up: the file is measured later. */
export type Measures = Pick<MediaFile, 'width' | 'height' | 'durationSeconds' | 'codecs' | 'measured'> &
  // Whether an MP4 or WebM is sound alone shows only when its tracks are read.
  Partial<Pick<MediaFile, 'contentType'>>;

/** What a file is known by, wherever it is stored. */
export function fileId({ id, key }: MediaFile): string {
  return id ?? key;
}
