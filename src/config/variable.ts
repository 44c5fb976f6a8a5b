import type { Parser } from './parsers.js';

/** One environment variable. */
export interface Variable<T> {
  readonly name: string;
  readonly parse: Parser<T>;
  /** Parsed when the variable is unset. When this is absent too, the setting is absent. */
  readonly default?: string;
  /** For the docs: what is used when the variable is unset and there is no plain default. */
  readonly unset?: string;
  /** The value is never printed. */
  readonly secret?: true;
  /** For the docs: the purpose of the variable, with its unit. */
  readonly meaning: string;
}

/** A variable with a default: its setting is always present. */
type Given<T> = Variable<T> & { readonly default: string };
/** A variable without a default: its setting is absent when the variable is unset. */
type Optional<T> = Variable<T> & { readonly default?: never };

/** A row of the table. */
export type AnyVariable = Given<unknown> | Optional<unknown>;
/** A named group of settings. */
export type Section = Readonly<Record<string, AnyVariable>>;
type Parsed<V extends AnyVariable> = ReturnType<V['parse']>;
type GivenKeys<S extends Section> = { [K in keyof S]: S[K] extends Given<unknown> ? K : never }[keyof S];

/** The settings of a section: one property per variable, with the type that its parser returns. */
export type SettingsOf<S extends Section> = { readonly [K in GivenKeys<S>]: Parsed<S[K]> } & {
  readonly [K in Exclude<keyof S, GivenKeys<S>>]?: Parsed<S[K]>;
};
