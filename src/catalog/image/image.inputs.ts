import { IsOptional } from 'class-validator';
import { Field, InputType } from 'type-graphql';
import { TrimmedLength } from '../../graphql/validation.js';

const ALT_TEXT_MAX = 1_000;

@InputType()
export class UploadImageInput {
  @Field(() => String, { nullable: true, description: 'What the picture shows. Up to 1,000 characters.' })
  @IsOptional()
  @TrimmedLength(0, ALT_TEXT_MAX)
  altText?: string | null;
}
