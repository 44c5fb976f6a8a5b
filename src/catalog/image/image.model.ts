import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { Reads } from '../../graphql/selection.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';

@ObjectType({ description: 'A picture that does not belong to a course, for use in texts.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'images', versionKey: false } })
@index({ listKeys: 1, createdAt: 1, _id: 1 })
@index({ derivedVersion: 1, _id: 1 })
export class Image extends OwnerRecord {
  @Reads('_id')
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => ID, { description: 'The user id (`sub` of the token) of the person who uploaded the image.' })
  @prop({ type: () => String, required: true })
  uploaderId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the picture shows, for people who cannot see it. Up to 1,000 characters.',
  })
  @prop({ type: () => String })
  altText?: string;

  @Field(() => MediaFile, { description: 'The picture itself.' })
  @prop({ type: () => MediaFile, required: true })
  file!: MediaFile;

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  /** The keys of the lists that contain the image: `all` and `own:{uploaderId}`. */
  @prop({ type: () => [String], required: true })
  listKeys!: string[];

  /** The version of `listKeys`: see derived-version.ts. */
  @prop({ type: () => Number, required: true })
  derivedVersion!: number;
}

export const ImageModel = getModelForClass(Image);
