import { isRetryable, sentenceOf } from '../api/errors.js';
import { words } from '../words.js';
import { Button } from './button.js';
import css from './controls.module.css';

interface ProblemProps {
  /** What was thrown or rejected. Nothing is shown when there is nothing. */
  readonly error: unknown;
  /** Offered when the same can succeed at another try. */
  readonly onRetry?: (() => void) | undefined;
}

/** An error as a sentence, beside what it concerns. */
export function Problem({ error, onRetry }: ProblemProps) {
  if (!error) return null;
  return (
    <div role="alert" className={css.problem}>
      <p>{sentenceOf(error)}</p>
      {onRetry && isRetryable(error) && <Button onClick={onRetry}>{words.tryAgain}</Button>}
    </div>
  );
}
