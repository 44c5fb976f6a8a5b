import { modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { MediaFile } from '../../media/media-file.model.js';

export const CaptionKind = {
  SUBTITLES: 'SUBTITLES',
  CAPTIONS: 'CAPTIONS',
  DESCRIPTIONS: 'DESCRIPTIONS',
  CHAPTERS: 'CHAPTERS',
  METADATA: 'METADATA',
} as const;
export type CaptionKind = (typeof CaptionKind)[keyof typeof CaptionKind];
registerEnumType(CaptionKind, { name: 'CaptionKind', description: 'The `kind` of an HTML `<track>`.' });

@ObjectType({ description: 'A text track of a video, as WebVTT.', simpleResolvers: true })
@modelOptions({ schemaOptions: { _id: false } })
export class Caption {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  @Field(() => String, { description: 'The language, as a BCP-47 tag in its canonical form: `en`, `pt-BR`.' })
  @prop({ type: () => String, required: true })
  language!: string;

  @Field(() => CaptionKind, { description: 'What the track is for: the `kind` of an HTML `<track>`.' })
  @prop({ type: () => String, required: true, enum: Object.values(CaptionKind) })
  kind!: CaptionKind;

  @Field(() => String, { description: 'The name of the track in the menu of a player.' })
  @prop({ type: () => String, required: true })
  label!: string;

  @Field(() => Boolean, { description: 'Whether a player shows this track when the user has not chosen one.' })
  @prop({ type: () => Boolean, required: true })
  isDefault!: boolean;

  @Field(() => MediaFile, { description: 'The WebVTT file: its `url` is the `src` of an HTML `<track>`.' })
  @prop({ type: () => MediaFile, required: true })
  file!: MediaFile;
}
