import { useState } from 'react';
import { words } from '../words.js';
import { Button } from './button.js';
import { Dialog, DialogActions } from './dialog.js';
import { Problem } from './problem.js';

interface ConfirmDialogProps {
  readonly title: string;
  /** What is lost. */
  readonly text: string;
  /** The word on the button. */
  readonly confirm: string;
  /** The dialog closes when it resolves, and shows why when it rejects. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is deleted for good. */
export function ConfirmDialog({ title, text, confirm, onConfirm, onClose }: ConfirmDialogProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = (): void => {
    setBusy(true);
    setError(undefined);
    onConfirm().then(onClose, (thrown: unknown) => {
      setError(thrown);
      setBusy(false);
    });
  };
  return (
    <Dialog small title={title} onClose={onClose}>
      <p>{text}</p>
      <p>{words.deleteCourse.forGood}</p>
      <Problem error={error} onRetry={run} />
      <DialogActions>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button look="danger" disabled={isBusy} onClick={run}>
          {isBusy ? words.deleting : confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
