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

  @Field(() => ID, { nullable: true, description: 'Whose course it is. Yourself unless you are an admin.' })
  @IsOptional()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, { nullable: true, description: 'DRAFT when absent.' })
  @IsOptional()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({ description: 'What changes. A field that is absent stays as it is; null clears one that may be empty.' })
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

  @Field(() => ID, { nullable: true, description: 'Hands the course on. Admins only; not null.' })
  @IfGiven()
  @TrimmedLength(1, USER_ID_MAX)
  instructorId?: string | null;

  @Field(() => CourseStatus, { nullable: true, description: 'Not null.' })
  @IfGiven()
  @IsEnum(CourseStatus)
  status?: CourseStatus | null;
}

@InputType({ description: 'Which courses to list. All given conditions must hold.' })
export class CourseFilter {
  @Field(() => String, { nullable: true, description: 'Exactly this category.' })
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
  description: 'By creation or by title (without regard to case and accents), rising or falling.',
});

@ArgsType()
export class CourseListArgs {
  @Field(() => Int, { nullable: true, description: 'How many, 20 when absent, at most 100.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'The cursor after which the page begins.' })
  after?: string | null;

  @Field(() => CourseFilter, { nullable: true })
  @IsOptional()
  @ValidateNested()
  filter?: CourseFilter | null;

  @Field(() => CourseOrder, { nullable: true, description: 'CREATED_AT_DESC when absent.' })
  orderBy?: CourseOrder | null;
}
