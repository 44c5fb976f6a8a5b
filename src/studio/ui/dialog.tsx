import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { words } from '../words.js';
import { Button } from './button.js';
import css from './dialog.module.css';
import { CloseIcon } from './icons.js';

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Called when the person closes it, by Escape or by a button. */
  readonly onClose: () => void;
  /** A narrow dialog for a question. */
  readonly small?: boolean;
}

/** What a person meets first in the body of a dialog. */
const FIRST = '[data-body] :is(input, textarea, select, button)';

/** A modal dialog, open as long as it is mounted. The browser keeps the focus inside and gives it back. */
export function Dialog({ title, children, onClose, small = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the element is removed: only then does closing it give the focus back.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // Not the button that closes it, which comes first.
    dialog?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className={small ? `${css.dialog ?? ''} ${css.small ?? ''}` : css.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // Escape closes it through its owner, so that React knows.
        event.preventDefault();
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <header className={css.head}>
        <h2 id={id}>{title}</h2>
        <Button look="quiet" icon aria-label={words.close} onClick={onClose}>
          <CloseIcon />
        </Button>
      </header>
      <div className={css.body} data-body>
        {children}
      </div>
    </dialog>
  );
}

/** The buttons at the end of a dialog. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className={css.actions}>{children}</div>;
}

interface SaveActionsProps {
  readonly onCancel: () => void;
  readonly isSaving: boolean;
  /** What saving does. */
  readonly label: string;
}

/** The buttons of a dialog with a form: one closes it, the other submits the form. */
export function SaveActions({ onCancel, isSaving, label }: SaveActionsProps) {
  return (
    <DialogActions>
      <Button onClick={onCancel}>{words.cancel}</Button>
      <Button type="submit" look="primary" disabled={isSaving}>
        {isSaving ? words.saving : label}
      </Button>
    </DialogActions>
  );
}
