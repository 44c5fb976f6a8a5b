import { InputType } from 'type-graphql';
import { DescriptionField, TitleChangeField, TitleField } from '../input-fields.js';

@InputType()
export class CreateTopicInput {
  @TitleField()
  title!: string;

  @DescriptionField()
  description?: string | null;
}

@InputType({
  description: 'The fields to change. An absent field does not change. Null removes the value of an optional field.',
})
export class UpdateTopicInput {
  @TitleChangeField()
  title?: string | null;

  @DescriptionField()
  description?: string | null;
}
