import { IsEnum, IsOptional, ValidateNested } from 'class-validator';
import { ArgsType, Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { IfGiven, TrimmedLength } from '../../graphql/validation.js';
import { DescriptionField, TitleChangeField, TitleField } from '../input-fields.js';
import { CourseLevel, CourseStatus } from './course.model.js';

/** Limits in characters, counted without the white space around. */
const CATEGORY_MAX = 100;
/** The longest user id, as long as the longest `sub` that is taken. */
const USER_ID_MAX = 256;
/** The longest search that is looked at. */
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
    description: 'The instructor who owns the course: yourself when absent. Only admins may name somebody else.',
  })
  @IsOptional()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, {
    nullable: true,
    description: 'DRAFT when absent: only you and admins see the course then.',
  })
  @IsOptional()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({
  description: 'What to change. A field that is absent stays as it is. Null clears a field that may be empty.',
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
    description: 'Gives the course to another instructor. Only admins may do so. Must not be null.',
  })
  @IfGiven()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, { nullable: true, description: 'Must not be null.' })
  @IfGiven()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({ description: 'Which courses to list: those that meet all conditions given here.' })
export class CourseFilter {
  @Field(() => String, { nullable: true, description: 'Courses of exactly this category.' })
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
      'Words to find, up to 200 characters. Each must begin a word of the title or the description; case and accents ' +
      'do not matter. The first 8 words count. Punctuation counts only when nothing else is searched for.',
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
  description: 'By creation or by title, ascending or descending. Case and accents do not matter to titles.',
});

@ArgsType()
export class CourseListArgs {
  @Field(() => Int, { nullable: true, description: 'The size of the page: 20 when absent, at most 100.' })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The `endCursor` of the page before; the first page when absent.',
  })
  after?: string | null;

  @Field(() => CourseFilter, { nullable: true })
  @IsOptional()
  @ValidateNested()
  filter?: CourseFilter | null;

  @Field(() => CourseOrder, { nullable: true, description: 'CREATED_AT_DESC when absent: the newest first.' })
  orderBy?: CourseOrder | null;
}
