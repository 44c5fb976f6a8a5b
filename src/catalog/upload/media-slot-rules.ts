import { Field, ObjectType } from 'type-graphql';
import { SafeInt } from '../../graphql/scalars.js';
import type { MediaSlot } from '../../media/slots.js';
import { MediaSlotEnum } from './upload-enums.js';

@ObjectType({ description: 'Which files a slot accepts on this server.', simpleResolvers: true })
export class MediaSlotRules {
  @Field(() => MediaSlotEnum)
  slot!: MediaSlot;

  @Field(() => SafeInt, { description: 'The largest size of a file, in bytes.' })
  maxBytes!: number;

  @Field(() => [String], {
    description:
      'The media types that a file may have by its content. VIDEO_CAPTION also accepts SubRip, which is converted to WebVTT.',
  })
  contentTypes!: readonly string[];
}
