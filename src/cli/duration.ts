import { InvalidArgumentError } from 'commander';

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export interface DurationRules {
  /** The smallest and the largest duration, both allowed, in seconds. */
  readonly min: number;
  readonly max: number;
  /** The error message when the text is not a duration or is out of bounds. */
  readonly advice: string;
}

/** Returns the seconds of `90`, `90s`, `15m`, `8h` or `7d`. Without a unit it is a number of seconds. */
export function parseDuration(text: string, { min, max, advice }: DurationRules): number {
  const [, digits, unit] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS_PER_UNIT[unit || 's'] ?? Number.NaN);
  if (!(seconds >= min && seconds <= max)) throw new InvalidArgumentError(advice);
  return seconds;
}
