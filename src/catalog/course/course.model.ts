import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { Reads } from '../../graphql/selection.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';

export const CourseLevel = { BEGINNER: 'BEGINNER', INTERMEDIATE: 'INTERMEDIATE', ADVANCED: 'ADVANCED' } as const;
export type CourseLevel = (typeof CourseLevel)[keyof typeof CourseLevel];
registerEnumType(CourseLevel, {
  name: 'CourseLevel',
  description: 'How much previous knowledge a course expects.',
});

export const CourseStatus = { DRAFT: 'DRAFT', PUBLISHED: 'PUBLISHED', ARCHIVED: 'ARCHIVED' } as const;
export type CourseStatus = (typeof CourseStatus)[keyof typeof CourseStatus];
registerEnumType(CourseStatus, {
  name: 'CourseStatus',
  description: 'Who may see a course. PUBLISHED: everyone. DRAFT, ARCHIVED: only its instructor and admins.',
});

@ObjectType({
  description: 'A course: an ordered list of topics, each with an ordered list of videos.',
  simpleResolvers: true,
})
@modelOptions({ schemaOptions: { collection: 'courses', versionKey: false } })
@index({ listKeys: 1, createdAt: 1, _id: 1 })
@index({ listKeys: 1, titleKey: 1, _id: 1 })
@index({ words: 1 })
@index({ derivedVersion: 1, _id: 1 })
export class Course extends OwnerRecord {
  @Reads('_id')
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @prop({ type: () => String, required: true })
  title!: string;

  @Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' })
  @prop({ type: () => String })
  description?: string;

  @Field(() => String, { nullable: true, description: 'Up to 100 characters. Filters compare it exactly.' })
  @prop({ type: () => String })
  category?: string;

  @Field(() => CourseLevel, { nullable: true, description: 'Null when the author has set none.' })
  @prop({ type: () => String, enum: Object.values(CourseLevel) })
  level?: CourseLevel;

  @Field(() => ID, { description: 'The user id (`sub` of the token) of the instructor who owns the course.' })
  @prop({ type: () => String, required: true })
  instructorId!: string;

  @Field(() => CourseStatus, { description: 'Determines who may see the course.' })
  @prop({ type: () => String, required: true, enum: Object.values(CourseStatus) })
  status!: CourseStatus;

  @Field(() => MediaFile, { nullable: true, description: 'The picture of the course.' })
  @prop({ type: () => MediaFile })
  thumbnail?: MediaFile;

  @Field(() => MediaFile, {
    nullable: true,
    description: 'A video that introduces the course. Everyone who may see the course may play it.',
  })
  @prop({ type: () => MediaFile })
  introVideo?: MediaFile;

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the record last changed.' })
  @prop({ type: () => Date, required: true })
  updatedAt!: Date;

  /** The ordered ids of the topics. Readers skip an id without a topic: the topic was deleted, or is being created. */
  @prop({ type: () => [String], required: true })
  topicIds!: string[];

  /** Incremented by every update, so that no update computes derived fields from values that another has changed. */
  @prop({ type: () => Number, required: true })
  revision!: number;

  /** The keys of the lists that contain the course: see course-listing.ts. */
  @prop({ type: () => [String], required: true })
  listKeys!: string[];

  /** The title in the form by which it is sorted: see normalise.ts. */
  @prop({ type: () => String, required: true })
  titleKey!: string;

  /** The words by which a search finds the course: see search-words.ts. */
  @prop({ type: () => [String], required: true })
  words!: string[];

  /** The version of `listKeys`, `titleKey` and `words`: see derived-version.ts. */
  @prop({ type: () => Number, required: true })
  derivedVersion!: number;
}

export const CourseModel = getModelForClass(Course);
