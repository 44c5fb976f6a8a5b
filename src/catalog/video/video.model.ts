import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { Reads } from '../../graphql/selection.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';
import { Caption } from './caption.model.js';
import { Resource } from './resource.model.js';

@ObjectType({ description: 'A video of a topic.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'videos', versionKey: false } })
@index({ topicId: 1 })
@index({ courseId: 1 })
export class Video extends OwnerRecord {
  @Reads('_id')
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => ID, { description: 'The topic of the video.' })
  @prop({ type: () => String, required: true })
  topicId!: string;

  @Field(() => ID, { description: 'The course of the topic.' })
  @prop({ type: () => String, required: true })
  courseId!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @prop({ type: () => String, required: true })
  title!: string;

  @Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' })
  @prop({ type: () => String })
  description?: string;

  /** The playing time that the author has set. Without it the GraphQL field returns that of the file. */
  @prop({ type: () => Number })
  durationSeconds?: number;

  @Field(() => Boolean, { description: 'Whether the video can be played without signing in.' })
  @prop({ type: () => Boolean, required: true })
  isPreview!: boolean;

  /** Not decorated as a GraphQL field: the resolver checks who may play the video. */
  @prop({ type: () => MediaFile })
  file?: MediaFile;

  @Field(() => MediaFile, { nullable: true, description: 'The still picture of the video.' })
  @prop({ type: () => MediaFile })
  thumbnail?: MediaFile;

  /** Not decorated as a GraphQL field: the resolver checks who may play the video. */
  @prop({ type: () => [Caption] })
  captions?: Caption[];

  /** Not decorated as a GraphQL field: the resolver checks who may play the video. */
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
