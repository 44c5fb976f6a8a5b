import { within } from './within.js';

/** What one check of an installation says. */
export interface Diagnosis {
  /** What was looked at, in a few words: 's3 bucket'. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A diagnosis that does not yet say of what. */
export type Outcome = Omit<Diagnosis, 'check'>;

/** No check takes longer, in milliseconds. */
const CHECK_TIMEOUT_MS = 30_000;

export const ok = (message: string): Outcome => ({ status: 'ok', message });
export const warning = (message: string, remedy: string): Outcome => ({ status: 'warning', message, remedy });
export const problem = (message: string, remedy: string): Outcome => ({ status: 'problem', message, remedy });

/** Makes one check. That it throws, or does not end in time, is its outcome: a problem, with this remedy. */
export async function examine(check: string, remedy: string, look: () => Promise<Outcome>): Promise<Diagnosis> {
  const late = (): Outcome => problem(`No answer within ${CHECK_TIMEOUT_MS / 1_000} seconds.`, remedy);
  try {
    return { check, ...(await within(CHECK_TIMEOUT_MS, look(), late)) };
  } catch (error) {
    return { check, ...problem(reasonOf(error), remedy) };
  }
}

/** Why something failed, in one sentence: what lies underneath, where an error only says that it did. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}.`;
  // Several addresses were tried, and all in vain: the first reason is as good as the others.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const { name } = error;
  const message = error.message.replace(/\s+/g, ' ').replace(/\.$/, '');
  return name === 'Error' || name === 'TypeError' || message.includes(name) ? `${message}.` : `${name}: ${message}.`;
}
