import { ValidateBy, ValidateIf, validate, type ValidationError, type ValidationOptions } from 'class-validator';
import { getNamedType, type GraphQLResolveInfo } from 'graphql';
import { LecternError } from '../errors.js';

/** Requires a text of `min` to `max` characters (Unicode code points), not counting white space at both ends. */
export function TrimmedLength(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'trimmedLength',
      validator: {
        validate: (value): boolean => typeof value === 'string' && isBetween(Array.from(value.trim()).length, min, max),
        defaultMessage: () => `$property must have ${min} to ${max} characters`,
      },
    },
    options,
  );
}

/** Requires a valid BCP 47 language tag (RFC 5646), checked with `Intl`. */
export function IsLanguageTag(): PropertyDecorator {
  return ValidateBy({
    name: 'languageTag',
    validator: {
      validate: (value): boolean => typeof value === 'string' && canonicalLanguage(value) !== undefined,
      defaultMessage: () => '$property must be a BCP-47 language tag such as en or pt-BR',
    },
  });
}

/** Returns the canonical form of a language tag. Returns undefined when the tag is invalid. */
export function canonicalLanguage(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

/** Skips the other checks of a field when it is absent. Unlike IsOptional, does not skip them when it is null. */
export function IfGiven(): PropertyDecorator {
  return ValidateIf((_input, value) => value !== undefined);
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

/** Checks an input object by the decorators of its class. Throws BAD_USER_INPUT that names every invalid field. */
export async function validateInput(value: unknown, inputClass: unknown, info: GraphQLResolveInfo): Promise<void> {
  if (typeof value !== 'object' || value === null) return;
  const faults = await validate(value, { forbidUnknownValues: false, skipMissingProperties: false });
  if (faults.length === 0) return;
  const list = faults.flatMap((fault) => describe(fault, argumentPath(info, inputClass)));
  throw new LecternError('BAD_USER_INPUT', list.map((fault) => fault.message).join('; ') + '.', {
    fields: list.map((fault) => fault.field),
  });
}

/**
 * Returns the name of the argument that has this input class, with a dot. An input class has the same name as its
 * GraphQL type. Returns an empty text for a class of arguments (`@ArgsType`), which is not an input type.
 */
function argumentPath(info: GraphQLResolveInfo, inputClass: unknown): string {
  const typeName = typeof inputClass === 'function' ? inputClass.name : '';
  const field = info.parentType.getFields()[info.fieldName];
  const argument = field?.args.find((arg) => getNamedType(arg.type).name === typeName);
  return argument ? `${argument.name}.` : '';
}

interface Fault {
  readonly field: string;
  readonly message: string;
}

function describe(error: ValidationError, path: string): Fault[] {
  const field = `${path}${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => describe(child, `${field}.`))];
}
