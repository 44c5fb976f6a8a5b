import { IsEnum, IsOptional, ValidateNested } from 'class-validator';
import { ArgsType, Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { IfGiven, TrimmedLength } from '../../graphql/validation.js';
import { DescriptionField, TitleChangeField, TitleField } from '../input-fields.js';
import { CourseLevel, CourseStatus } from './course.model.js';

// Limits in characters, not counting white space at both ends.

const CATEGORY_MAX = 100;
/** The longest user id. Equals the longest accepted `sub` of a token. */
const USER_ID_MAX = 256;
const SEARCH_MAX = 200;

@InputType()
export class CreateCourseInput {
  @TitleField()
  title!: string;

  @DescriptionField()
  description?: string | null;

  @Field(() => String, { nullable: true, description: 'Up to 100 characters.' })
  @IsOptional()
  @TrimmedLength(1, CATEGORY_MAX)
  category?: string | null;

  @Field(() => CourseLevel, { nullable: true })
  @IsOptional()
  @IsEnum(CourseLevel)
  level?: CourseLevel | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The instructor who owns the course. When absent: you. Only admins may name someone else.',
  })
  @IsOptional()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, {
    nullable: true,
    description: 'DRAFT when absent: then only the instructor and admins see the course.',
  })
  @IsOptional()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({
  description: 'The fields to change. An absent field does not change. Null removes the value of an optional field.',
})
export class UpdateCourseInput {
  @TitleChangeField()
  title?: string | null;

  @DescriptionField()
  description?: string | null;

  @Field(() => String, { nullable: true, description: 'Up to 100 characters.' })
  @IsOptional()
  @TrimmedLength(1, CATEGORY_MAX)
  category?: string | null;

  @Field(() => CourseLevel, { nullable: true })
  @IsOptional()
  @IsEnum(CourseLevel)
  level?: CourseLevel | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The new owner of the course. Only admins may name someone else. Must not be null.',
  })
  @IfGiven()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, { nullable: true, description: 'Must not be null.' })
  @IfGiven()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({ description: 'Conditions for a list of courses. A course is listed when it meets all of them.' })
export class CourseFilter {
  @Field(() => String, { nullable: true, description: 'Courses with exactly this category.' })
  @IsOptional()
  @TrimmedLength(1, CATEGORY_MAX)
  category?: string | null;

  @Field(() => CourseLevel, { nullable: true })
  @IsOptional()
  @IsEnum(CourseLevel)
  level?: CourseLevel | null;

  @Field(() => ID, { nullable: true })
  @IsOptional()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, { nullable: true })
  @IsOptional()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Words to find, up to 200 characters. Each must be the beginning of a word in the title or the description. ' +
      'Case and accents do not matter. Only the first 8 words are used. Punctuation is ignored unless there are no words.',
  })
  @IsOptional()
  @TrimmedLength(0, SEARCH_MAX)
  search?: string | null;
}

export const CourseOrder = {
  CREATED_AT_ASC: 'CREATED_AT_ASC',
  CREATED_AT_DESC: 'CREATED_AT_DESC',
  TITLE_ASC: 'TITLE_ASC',
  TITLE_DESC: 'TITLE_DESC',
} as const;
export type CourseOrder = (typeof CourseOrder)[keyof typeof CourseOrder];
registerEnumType(CourseOrder, {
  name: 'CourseOrder',
  description: 'By creation time or by title, ascending or descending. Case and accents of titles do not matter.',
});

@ArgsType()
export class CourseListArgs {
  @Field(() => Int, { nullable: true, description: 'The page size: at most 100, 20 when absent.' })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The `endCursor` of the previous page. The first page when absent.',
  })
  after?: string | null;

  @Field(() => CourseFilter, { nullable: true })
  @IsOptional()
  @ValidateNested()
  filter?: CourseFilter | null;

  @Field(() => CourseOrder, { nullable: true, description: 'CREATED_AT_DESC (newest first) when absent.' })
  orderBy?: CourseOrder | null;
}
