import type { Parser } from './parsers.js';

/** One environment variable. */
export interface Variable<T> {
  readonly name: string;
  readonly parse: Parser<T>;
  /** The text that is parsed when the variable is unset. Without it, the setting is then absent. */
  readonly default?: string;
  /** What happens without a value, where that is not a plain default. */
  readonly unset?: string;
  /** The value is never printed. */
  readonly secret?: true;
  /** What it is for, with its unit. */
  readonly meaning: string;
}

/** The setting is always there. */
type Given<T> = Variable<T> & { readonly default: string };
/** The setting is absent when the variable is unset. */
type Optional<T> = Variable<T> & { readonly default?: never };

/** A row of the table. */
export type AnyVariable = Given<unknown> | Optional<unknown>;
/** A named group of settings. */
export type Section = Readonly<Record<string, AnyVariable>>;
type Parsed<V extends AnyVariable> = ReturnType<V['parse']>;
type GivenKeys<S extends Section> = { [K in keyof S]: S[K] extends Given<unknown> ? K : never }[keyof S];

/** What a section of the table becomes: one property per variable, of the type that its parser makes. */
export type SettingsOf<S extends Section> = { readonly [K in GivenKeys<S>]: Parsed<S[K]> } & {
  readonly [K in Exclude<keyof S, GivenKeys<S>>]?: Parsed<S[K]>;
};
