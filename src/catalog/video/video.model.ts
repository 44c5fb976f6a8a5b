import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';
import { Caption } from './caption.model.js';
import { Resource } from './resource.model.js';

@ObjectType({ description: 'A video of a topic.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'videos', versionKey: false } })
@index({ topicId: 1 })
@index({ courseId: 1 })
export class Video extends OwnerRecord {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => ID, { description: 'The topic that the video is part of.' })
  @prop({ type: () => String, required: true })
  topicId!: string;

  @Field(() => ID, { description: 'The course that the topic is part of.' })
  @prop({ type: () => String, required: true })
  courseId!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @prop({ type: () => String, required: true })
  title!: string;

  @Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' })
  @prop({ type: () => String })
  description?: string;

  /** As its author gave it. The GraphQL field falls back to what the file shows. */
  @prop({ type: () => Number })
  durationSeconds?: number;

  @Field(() => Boolean, { description: 'Whether everyone may play the video, without signing in.' })
  @prop({ type: () => Boolean, required: true })
  isPreview!: boolean;

  /** A GraphQL field only through its resolver, which knows who may play it. */
  @prop({ type: () => MediaFile })
  file?: MediaFile;

  @Field(() => MediaFile, { nullable: true, description: 'The still picture shown for the video.' })
  @prop({ type: () => MediaFile })
  thumbnail?: MediaFile;

  /** A GraphQL field only through its resolver, which knows who may play the video. */
  @prop({ type: () => [Caption] })
  captions?: Caption[];

  /** A GraphQL field only through its resolver, which knows who may play the video. */
  @prop({ type: () => [Resource] })
  resources?: Resource[];

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the record last changed.' })
  @prop({ type: () => Date, required: true })
  updatedAt!: Date;
}

export const VideoModel = getModelForClass(Video);
