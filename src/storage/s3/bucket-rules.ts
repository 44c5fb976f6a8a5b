import { warning, type Outcome } from '../../diagnosis.js';
import { hasName } from './s3-errors.js';

/** Errors of calls that read the settings of a bucket: the store does not tell them to this server. */
const NOT_TOLD: ReadonlySet<string> = new Set(['AccessDenied', 'MethodNotAllowed', 'NotImplemented']);

export interface BucketRules<Rule> {
  /** What the rules are about: `CORS`. */
  readonly name: string;
  /** The permission that reading them needs. */
  readonly permission: string;
  /** The errors by which stores say that the bucket has no such rules. */
  readonly noRules: ReadonlySet<string>;
  /** Returns undefined when the bucket has none. */
  readonly read: () => Promise<readonly Rule[] | undefined>;
}

/** Reads rules of a bucket, and judges them. Warns when the store does not tell them to this server. */
export async function judgeRules<Rule>(
  { name, permission, noRules, read }: BucketRules<Rule>,
  judge: (rules: readonly Rule[]) => Outcome,
): Promise<Outcome> {
  let rules: readonly Rule[];
  try {
    rules = (await read()) ?? [];
  } catch (error) {
    if (hasName(error, NOT_TOLD)) {
      return warning(
        `This key may not read the ${name} rules of the bucket.`,
        `Allow it ${permission}, or check the rules yourself.`,
      );
    }
    if (!hasName(error, noRules)) throw error;
    rules = [];
  }
  return judge(rules);
}
