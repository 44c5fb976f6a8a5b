import { InvalidArgumentError } from 'commander';

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export interface DurationRules {
  /** Both in seconds, and both allowed. */
  readonly min: number;
  readonly max: number;
  /** What is said of anything else. */
  readonly advice: string;
}

/** Seconds from `90s`, `15m`, `8h` or `7d`. A plain 0 needs no unit. */
export function parseDuration(text: string, { min, max, advice }: DurationRules): number {
  const [, digits, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const seconds = text === '0' ? 0 : Number(digits) * (SECONDS_PER_UNIT[unit ?? ''] ?? Number.NaN);
  if (!(seconds >= min && seconds <= max)) throw new InvalidArgumentError(advice);
  return seconds;
}
