import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { Reads } from '../../graphql/selection.js';
import { OwnerRecord } from '../../media/owner-record.model.js';

@ObjectType({ description: 'A part of a course: an ordered list of videos.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'topics', versionKey: false } })
@index({ courseId: 1 })
export class Topic extends OwnerRecord {
  @Reads('_id')
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => ID, { description: 'The course of the topic.' })
  @prop({ type: () => String, required: true })
  courseId!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @prop({ type: () => String, required: true })
  title!: string;

  @Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' })
  @prop({ type: () => String })
  description?: string;

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the record last changed.' })
  @prop({ type: () => Date, required: true })
  updatedAt!: Date;

  /** The ordered ids of the videos. Readers skip an id without a video: the video was deleted, or is being created. */
  @prop({ type: () => [String], required: true })
  videoIds!: string[];
}

export const TopicModel = getModelForClass(Topic);
