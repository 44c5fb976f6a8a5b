import { IsOptional } from 'class-validator';
import { Field } from 'type-graphql';
import { IfGiven, TrimmedLength } from '../graphql/validation.js';

// Input fields that courses, topics and videos have in common. Limits are in characters.

export const TITLE_MAX = 200;
const DESCRIPTION_MAX = 10_000;

function all(...decorators: readonly PropertyDecorator[]): PropertyDecorator {
  return (target, key) => {
    for (const decorate of decorators) decorate(target, key);
  };
}

/** Decorates the title in an input that creates a record. */
export function TitleField(): PropertyDecorator {
  return all(
    Field(() => String, { description: '1 to 200 characters. White space around it is removed.' }),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** Decorates the title in an input that updates a record. When it is absent, the title does not change. */
export function TitleChangeField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: '1 to 200 characters. Must not be null.' }),
    IfGiven(),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** Decorates the description in an input that creates or updates a record. */
export function DescriptionField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' }),
    IsOptional(),
    TrimmedLength(0, DESCRIPTION_MAX),
  );
}
