import { within } from './within.js';

/** The result of one check of an installation. */
export interface Diagnosis {
  /** The name of the check: 's3 bucket'. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A diagnosis without the name of its check. */
export type Outcome = Omit<Diagnosis, 'check'>;

/** No check takes longer, in milliseconds. */
const CHECK_TIMEOUT_MS = 30_000;

export const ok = (message: string): Outcome => ({ status: 'ok', message });
export const warning = (message: string, remedy: string): Outcome => ({ status: 'warning', message, remedy });
export const problem = (message: string, remedy: string): Outcome => ({ status: 'problem', message, remedy });

/** Runs one check. When `look` throws or takes more than 30 seconds, the result is a problem with this remedy. */
export async function examine(check: string, remedy: string, look: () => Promise<Outcome>): Promise<Diagnosis> {
  const late = (): Outcome => problem(`No answer within ${CHECK_TIMEOUT_MS / 1_000} seconds.`, remedy);
  try {
    return { check, ...(await within(CHECK_TIMEOUT_MS, look(), late)) };
  } catch (error) {
    return { check, ...problem(reasonOf(error), remedy) };
  }
}

/** The reason for an error, in one sentence. Uses the message of its cause, if there is one. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}.`;
  // All of several addresses failed, usually for the same reason. Use the first.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const { name } = error;
  const message = error.message.replace(/\s+/g, ' ').replace(/\.$/, '');
  return name === 'Error' || name === 'TypeError' || message.includes(name) ? `${message}.` : `${name}: ${message}.`;
}
