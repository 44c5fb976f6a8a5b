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
  description: 'What to change. A field that is absent stays as it is. Null clears a field that may be empty.',
})
export class UpdateTopicInput {
  @TitleChangeField()
  title?: string | null;

  @DescriptionField()
  description?: string | null;
}
