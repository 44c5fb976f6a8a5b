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

/** The title of a new record. */
export function TitleField(): PropertyDecorator {
  return all(
    Field(() => String, { description: '1 to 200 characters. White space around it is removed.' }),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** The title in an update: absent, it stays as it is. */
export function TitleChangeField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: '1 to 200 characters. Must not be null.' }),
    IfGiven(),
    TrimmedLength(1, TITLE_MAX),
  );
}

/** A description. It may always be absent. */
export function DescriptionField(): PropertyDecorator {
  return all(
    Field(() => String, { nullable: true, description: 'Up to 10,000 characters.' }),
    IsOptional(),
    TrimmedLength(0, DESCRIPTION_MAX),
  );
}
