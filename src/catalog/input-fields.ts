import { IsOptional } from 'class-validator';
import { Field } from 'type-graphql';
import { IfGiven, TrimmedLength } from '../graphql/validation.js';

/** Fields that courses, topics and videos have in common, with their limits in characters. */
export const TITLE_MAX = 200;
const DESCRIPTION_MAX = 10_000;

function all(...decorators: readonly PropertyDecorator[]): PropertyDecorator {
  return (target, key) => {
    for (const decorate of decorators) decorate(target, key);
  };
}

/** The title of something new. */
export function TitleField(): PropertyDecorator {
  return all(
    Field(() => String, { description: '1 to 200 characters; white space around it is taken off.' }),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** A title that may stay as it is. */
export function TitleChangeField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: '1 to 200 characters; not null.' }),
    IfGiven(),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** A description, which may always be absent. */
export function DescriptionField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' }),
    IsOptional(),
    TrimmedLength(0, DESCRIPTION_MAX),
  );
}
