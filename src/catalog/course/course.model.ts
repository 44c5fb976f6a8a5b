import { getModelForClass, index, modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { MediaFile } from '../../media/media-file.model.js';
import { OwnerRecord } from '../../media/owner-record.model.js';

export const CourseLevel = { BEGINNER: 'BEGINNER', INTERMEDIATE: 'INTERMEDIATE', ADVANCED: 'ADVANCED' } as const;
export type CourseLevel = (typeof CourseLevel)[keyof typeof CourseLevel];
registerEnumType(CourseLevel, {
  name: 'CourseLevel',
  description: 'How much a course expects its students to know already.',
});

export const CourseStatus = { DRAFT: 'DRAFT', PUBLISHED: 'PUBLISHED', ARCHIVED: 'ARCHIVED' } as const;
export type CourseStatus = (typeof CourseStatus)[keyof typeof CourseStatus];
registerEnumType(CourseStatus, {
  name: 'CourseStatus',
  description: 'Who can see a course: everyone when PUBLISHED; only its instructor and admins when DRAFT or ARCHIVED.',
});

@ObjectType({ description: 'A course: topics in order, each with videos in order.', simpleResolvers: true })
@modelOptions({ schemaOptions: { collection: 'courses', versionKey: false } })
@index({ listKeys: 1, createdAt: 1, _id: 1 })
@index({ listKeys: 1, titleKey: 1, _id: 1 })
@index({ words: 1 })
@index({ derivedVersion: 1, _id: 1 })
export class Course extends OwnerRecord {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @prop({ type: () => String, required: true })
  title!: string;

  @Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' })
  @prop({ type: () => String })
  description?: string;

  @Field(() => String, { nullable: true, description: 'Any text of up to 100 characters. Filters compare it exactly.' })
  @prop({ type: () => String })
  category?: string;

  @Field(() => CourseLevel, { nullable: true, description: 'Null when the author has not said.' })
  @prop({ type: () => String, enum: Object.values(CourseLevel) })
  level?: CourseLevel;

  @Field(() => ID, { description: 'The `sub` of the instructor who owns the course.' })
  @prop({ type: () => String, required: true })
  instructorId!: string;

  @Field(() => CourseStatus, { description: 'Decides who sees the course.' })
  @prop({ type: () => String, required: true, enum: Object.values(CourseStatus) })
  status!: CourseStatus;

  @Field(() => MediaFile, { nullable: true, description: 'The picture shown for the course.' })
  @prop({ type: () => MediaFile })
  thumbnail?: MediaFile;

  @Field(() => MediaFile, {
    nullable: true,
    description: 'A video that introduces the course. Everyone who sees the course may play it.',
  })
  @prop({ type: () => MediaFile })
  introVideo?: MediaFile;

  @Field(() => DateTime, { description: 'When the record was created.' })
  @prop({ type: () => Date, required: true })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the record last changed.' })
  @prop({ type: () => Date, required: true })
  updatedAt!: Date;

  /** The order of the topics. An id without a living topic is skipped: its topic was deleted, or is being created. */
  @prop({ type: () => [String], required: true })
  topicIds!: string[];

  /** Raised by every change of the course's facts, so that no update derives list keys and words from two changes. */
  @prop({ type: () => Number, required: true })
  revision!: number;

  /** Which lists the course is in: see course-listing.ts. */
  @prop({ type: () => [String], required: true })
  listKeys!: string[];

  /** The title as it is sorted. */
  @prop({ type: () => String, required: true })
  titleKey!: string;

  /** The words that a search finds the course by. */
  @prop({ type: () => [String], required: true })
  words!: string[];

  /** Which version of Lectern derived the list keys, the title key and the words: see derived-version.ts. */
  @prop({ type: () => Number, required: true })
  derivedVersion!: number;
}

export const CourseModel = getModelForClass(Course);
