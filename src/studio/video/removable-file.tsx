import type { ReactNode } from 'react';
import { Button } from '../ui/button.js';
import { words } from '../words.js';

interface RemovableFileProps {
  readonly name: string;
  /** What distinguishes it from others. */
  readonly detail: ReactNode;
  readonly onRemove: () => Promise<unknown>;
}

/** A file in the list of a lesson, with the button that removes it. */
export function RemovableFile({ name, detail, onRemove }: RemovableFileProps) {
  return (
    <li>
      <span>{name}</span>
      <small>{detail}</small>
      <Button
        look="quiet"
        aria-label={words.video.removeOf(name)}
        // A failure is shown from the result of the mutation.
        onClick={() => void onRemove().catch(() => undefined)}
      >
        {words.remove}
      </Button>
    </li>
  );
}
