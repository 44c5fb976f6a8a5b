import { Button } from '../ui/button.js';
import { words } from '../words.js';
import css from './uploads.module.css';

interface WarningsProps {
  readonly filename: string;
  readonly warnings: readonly string[];
  readonly onDismiss: () => void;
}

/** What viewers will notice of a file that is sent. */
export function Warnings({ filename, warnings, onDismiss }: WarningsProps) {
  if (warnings.length === 0) return null;
  return (
    <div className={css.warnings} role="status">
      <ul aria-label={words.preflight.warningsOf(filename)}>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
      <Button look="quiet" aria-label={words.preflight.dismissOf(filename)} onClick={onDismiss}>
        {words.preflight.dismiss}
      </Button>
    </div>
  );
}
