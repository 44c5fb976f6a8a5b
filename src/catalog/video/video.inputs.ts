import { IsBoolean, IsEnum, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { Field, Float, InputType } from 'type-graphql';
import { IfGiven, IsLanguageTag, TrimmedLength } from '../../graphql/validation.js';
import { DescriptionField, TITLE_MAX, TitleChangeField, TitleField } from '../input-fields.js';
import { CaptionKind } from './caption.model.js';

/** The longest label of a caption, in characters. */
const LABEL_MAX = 100;
/** The longest playing time that is accepted, in seconds: a week. */
const DURATION_MAX_SECONDS = 7 * 24 * 60 * 60;

@InputType()
export class CreateVideoInput {
  @TitleField()
  title!: string;

  @DescriptionField()
  description?: string | null;

  @Field(() => Float, { nullable: true, description: 'Playing time in seconds, 0 to 604,800 (a week).' })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(DURATION_MAX_SECONDS)
  durationSeconds?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the video can be played without signing in. False when absent.',
  })
  @IsOptional()
  @IsBoolean()
  isPreview?: boolean | null;
}

@InputType({
  description: 'The fields to change. An absent field does not change. Null removes the value of an optional field.',
})
export class UpdateVideoInput {
  @TitleChangeField()
  title?: string | null;

  @DescriptionField()
  description?: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Playing time in seconds, 0 to 604,800 (a week). Null: the playing time that was measured in the file.',
  })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(DURATION_MAX_SECONDS)
  durationSeconds?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the video can be played without signing in. Must not be null.',
  })
  @IfGiven()
  @IsBoolean()
  isPreview?: boolean | null;
}

@InputType()
export class AddCaptionInput {
  @Field(() => String, { description: 'A BCP-47 language tag: `en`, `pt-BR`.' })
  @IsLanguageTag()
  language!: string;

  @Field(() => CaptionKind, { nullable: true, description: 'SUBTITLES when absent.' })
  @IsOptional()
  @IsEnum(CaptionKind)
  kind?: CaptionKind | null;

  @Field(() => String, {
    nullable: true,
    description: 'The name of the track in the menu of a player, 1 to 100 characters. The language tag when absent.',
  })
  @IsOptional()
  @TrimmedLength(1, LABEL_MAX)
  label?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether a player shows this track when the user has not chosen one. False when absent.',
  })
  @IsOptional()
  @IsBoolean()
  isDefault?: boolean | null;
}

@InputType()
export class AddResourceInput {
  @Field(() => String, { nullable: true, description: '1 to 200 characters. The name of the file when absent.' })
  @IsOptional()
  @TrimmedLength(1, TITLE_MAX)
  title?: string | null;
}
