import { modelOptions, prop } from '@typegoose/typegoose';
import { Field, ID, ObjectType } from 'type-graphql';
import { MediaFile } from '../../media/media-file.model.js';

@ObjectType({ description: 'A file to download with a video, such as slides or exercises.', simpleResolvers: true })
@modelOptions({ schemaOptions: { _id: false } })
export class Resource {
  @Field(() => ID, { name: 'id', simple: false })
  @prop({ type: () => String, required: true })
  _id!: string;

  /** The title that the author has set. Without it the GraphQL field returns the name of the file. */
  @prop({ type: () => String })
  title?: string;

  @Field(() => MediaFile, { description: 'The file. It is served as an attachment: browsers save it.' })
  @prop({ type: () => MediaFile, required: true })
  file!: MediaFile;
}
