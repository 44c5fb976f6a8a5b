import { modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { MediaFile } from '../../media/media-file.model.js';

@ObjectType({ description: 'A file to download beside a video: slides, exercises, an archive.', simpleResolvers: true })
@modelOptions({ schemaOptions: { _id: false } })
export class Resource {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  /** As its author gave it. The GraphQL field falls back to the file's name. */
  @prop({ type: () => String })
  title?: string;

  @Field(() => MediaFile, { description: 'The file. Browsers save it and never show it in place.' })
  @prop({ type: () => MediaFile, required: true })
  file!: MediaFile;
}
