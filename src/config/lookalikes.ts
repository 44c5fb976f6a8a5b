/** A variable that is set and unknown, and whose name resembles one of our variables. */
export interface Lookalike {
  readonly variable: string;
  /** The variable that was probably meant. */
  readonly meant: string;
}

/** Names that other programs use for the same setting, and that are too different for `isNear`. */
const HABITS: Readonly<Record<string, string>> = {
  MONGO_URL: 'MONGODB_URI',
  MONGO_URI: 'MONGODB_URI',
  MONGODB_URL: 'MONGODB_URI',
  AWS_S3_BUCKET: 'S3_BUCKET_NAME',
  AWS_BUCKET: 'S3_BUCKET_NAME',
  S3_REGION: 'AWS_REGION',
  S3_ACCESS_KEY: 'AWS_ACCESS_KEY_ID',
  S3_SECRET_KEY: 'AWS_SECRET_ACCESS_KEY',
};

/** Names are similar when they differ by at most one typing error for this many characters. */
const CHARACTERS_PER_ERROR = 6;

/**
 * Returns the variables of an environment whose name resembles one of `known`: it is a common name for the same
 * setting, has a few typing errors, or lacks a word. A variable is left out when the one that it resembles is also set.
 */
export function lookalikes(
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): readonly Lookalike[] {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  return Object.keys(environment).flatMap((variable) => {
    if (!/^[A-Z][A-Z0-9_]*$/.test(variable) || known.includes(variable) || !isSet(variable)) return [];
    const meant = HABITS[variable] ?? known.find((name) => isNear(variable, name));
    return meant === undefined || !known.includes(meant) || isSet(meant) ? [] : [{ variable, meant }];
  });
}

function isNear(given: string, ours: string): boolean {
  const errors = Math.floor(ours.length / CHARACTERS_PER_ERROR);
  if (Math.abs(given.length - ours.length) <= errors && isWithin(errors, given, ours)) return true;
  const words = { given: given.split('_'), ours: ours.split('_') };
  const isShort = words.given.length >= 2 && words.given.length === words.ours.length - 1;
  return isShort && words.given.every((word) => words.ours.includes(word));
}

/**
 * Whether the Levenshtein distance is at most `errors`: that many characters must be inserted, removed or changed. Ends
 * as soon as it is more, because a container may have a hundred variables that nobody meant for Lectern.
 */
function isWithin(errors: number, a: string, b: string): boolean {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const changed = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    if (Math.min(...next) > errors) return false;
    row = next;
  }
  return (row[b.length] ?? 0) <= errors;
}
