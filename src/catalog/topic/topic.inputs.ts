import { InputType } from 'type-graphql';
import { DescriptionField, TitleChangeField, TitleField } from '../input-fields.js';

@InputType()
export class CreateTopicInput {
  @TitleField()
  title!: string;

  @DescriptionField()
  description?: string | null;
}

@InputType({ description: 'What changes. A field that is absent stays as it is; null clears one that may be empty.' })
export class UpdateTopicInput {
  @TitleChangeField()
  title?: string | null;

  @DescriptionField()
  description?: string | null;
}
