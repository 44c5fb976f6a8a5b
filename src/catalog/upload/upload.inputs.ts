import {
  ArrayMaxSize,
  ArrayMinSize,
  IsInt,
  IsOptional,
  Matches,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { SafeInt } from '../../graphql/scalars.js';
import { TrimmedLength } from '../../graphql/validation.js';
import type { MediaSlot } from '../../media/slots.js';
import { UploadImageInput } from '../image/image.inputs.js';
import { AddCaptionInput, AddResourceInput } from '../video/video.inputs.js';
import { MediaSlotEnum } from './upload-enums.js';

/** Longer names of files are cut off when they are shown; no system has any, in characters. */
const FILENAME_MAX = 1_000;
const CONTENT_TYPE_MAX = 255;
const KEY_MAX = 200;
/** The first, the middle and the last 64 KiB. */
const SAMPLES = 3;
const SHA256 = /^[0-9a-f]{64}$/;

@InputType({ description: 'A file that is to be sent straight to the storage, as its client knows it.' })
export class StartUploadInput {
  @Field(() => MediaSlotEnum, { description: 'The place that the file is for.' })
  slot!: MediaSlot;

  @Field(() => ID, {
    nullable: true,
    description: 'The course or the video that the place belongs to. Absent for IMAGE, which makes its own record.',
  })
  @IsOptional()
  @MaxLength(KEY_MAX)
  ownerId?: string | null;

  @Field(() => String, { description: 'The name of the file, 1 to 1,000 characters.' })
  @TrimmedLength(1, FILENAME_MAX)
  filename!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The media type that the client takes the file for, 255 characters at most. The content decides.',
  })
  @IsOptional()
  @MaxLength(CONTENT_TYPE_MAX)
  contentType?: string | null;

  @Field(() => SafeInt, { description: 'The size of the file in bytes: exactly so many are to be sent.' })
  @IsInt()
  @Min(0)
  size!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'SHA-256 of the whole file, in lower-case hex. The server reads the whole file once more to compare it.',
  })
  @IsOptional()
  @Matches(SHA256, { message: '$property must be SHA-256 in lower-case hex' })
  sha256?: string | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'SHA-256, in lower-case hex, of the first, the middle and the last 64 KiB. The middle begins at byte ' +
      'floor((size - 65,536) / 2); of a smaller file each is the whole. They are compared before the file is published.',
  })
  @IsOptional()
  @ArrayMinSize(SAMPLES)
  @ArrayMaxSize(SAMPLES)
  @Matches(SHA256, { each: true, message: 'each of $property must be SHA-256 in lower-case hex' })
  samples?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'A name of your own for this start, 1 to 200 characters: a repeated start answers the same session. With another ' +
      'input it is refused.',
  })
  @IsOptional()
  @TrimmedLength(1, KEY_MAX)
  idempotencyKey?: string | null;

  @Field(() => AddCaptionInput, { nullable: true, description: 'Needed for VIDEO_CAPTION, absent for all others.' })
  @IsOptional()
  @ValidateNested()
  caption?: AddCaptionInput | null;

  @Field(() => AddResourceInput, { nullable: true, description: 'For VIDEO_RESOURCE alone.' })
  @IsOptional()
  @ValidateNested()
  resource?: AddResourceInput | null;

  @Field(() => UploadImageInput, { nullable: true, description: 'For IMAGE alone.' })
  @IsOptional()
  @ValidateNested()
  image?: UploadImageInput | null;
}
