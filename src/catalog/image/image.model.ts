import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';

@ObjectType({ description: 'A picture that belongs to no course, for use in texts.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'images', versionKey: false } })
@index({ listKeys: 1, createdAt: 1, _id: 1 })
@index({ derivedVersion: 1, _id: 1 })
export class Image extends OwnerRecord {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => ID, { description: 'The `sub` of the person who uploaded the image.' })
  @prop({ type: () => String, required: true })
  uploaderId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the picture shows, for those who cannot see it. Up to 1,000 characters.',
  })
  @prop({ type: () => String })
  altText?: string;

  @Field(() => MediaFile, { description: 'The picture itself.' })
  @prop({ type: () => MediaFile, required: true })
  file!: MediaFile;

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  /** Which lists the image is in: `all`, and `own:{uploader}`. */
  @prop({ type: () => [String], required: true })
  listKeys!: string[];

  /** Which version of Lectern derived the list keys: see derived-version.ts. */
  @prop({ type: () => Number, required: true })
  derivedVersion!: number;
}

export const ImageModel = getModelForClass(Image);
