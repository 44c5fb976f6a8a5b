import { useId } from 'react';
import { Link } from 'wouter';
import { about, bytes } from '../format.js';
import { Button, buttonClass } from '../ui/button.js';
import { classes } from '../ui/classes.js';
import controls from '../ui/controls.module.css';
import { words } from '../words.js';
import { needsAttention, type UploadItem } from './upload-item.js';
import { uploads } from './upload-list.js';
import css from './uploads.module.css';
import { Warnings } from './warnings.js';

/** One upload: what it is, how far it is, and what can be done with it. */
export function UploadRow({ item }: { readonly item: UploadItem }) {
  const { key, filename, size, loaded, state, error, warnings, target } = item;
  const { ownerId, slot } = target;
  const page = ownerId && (slot.startsWith('COURSE_') ? `/courses/${ownerId}` : `/videos/${ownerId}`);
  return (
    <li className={css.row}>
      <div className={css.name}>
        <strong title={filename}>{page ? <Link href={page}>{filename}</Link> : filename}</strong>
        <span>{words.uploads.slots[slot]}</span>
      </div>
      {state !== 'done' && state !== 'refused' && (
        <progress
          className={classes(controls.progress, needsAttention(item) && css.stopped)}
          value={loaded}
          max={Math.max(size, 1)}
          aria-label={words.uploads.progressOf(filename)}
        />
      )}
      <p className={css.state}>{stateOf(item)}</p>
      {error && (
        <p role="alert" className={controls.fieldError}>
          {error.message}
        </p>
      )}
      <Warnings filename={filename} warnings={warnings} onDismiss={() => uploads.dismissWarnings(key)} />
      <div className={css.buttons}>
        <Commands item={item} />
      </div>
    </li>
  );
}

function Commands({ item }: { readonly item: UploadItem }) {
  const { key, filename, state, error, hasFile } = item;
  const { uploads: text } = words;
  const command = (label: string, onClick: () => void) => (
    <Button look="quiet" aria-label={text.of(filename, label)} onClick={onClick}>
      {label}
    </Button>
  );
  const cancel = command(text.cancel, () => uploads.cancel(key));
  switch (state) {
    case 'waiting':
    case 'preparing':
    case 'sending':
    case 'offline':
      return (
        <>
          {command(text.pause, () => uploads.pause(key))}
          {cancel}
        </>
      );
    case 'paused':
      return (
        <>
          {command(text.resume, () => uploads.resume(key))}
          {cancel}
        </>
      );
    case 'checking':
      return cancel;
    case 'verifying':
      return null;
    case 'done':
    case 'refused':
      return command(text.dismiss, () => uploads.dismiss(key));
    case 'failed':
      if (error && NEEDS_FILE.includes(error.code)) return <ChooseAgain item={item} />;
      return (
        <>
          {error?.retryable && command(text.retry, () => uploads.retry(key))}
          {command(text.dismiss, () => uploads.dismiss(key))}
        </>
      );
    case 'unfinished':
    case 'elsewhere':
      if (!hasFile) return <ChooseAgain item={item} />;
      return (
        <>
          {command(text.continue, () => uploads.continue(key, null))}
          {command(text.discard, () => void uploads.discard(key))}
        </>
      );
  }
}

/** Codes of failures that another choice of the file mends. */
const NEEDS_FILE = ['FILE_NEEDED', 'WRONG_FILE', 'FILE_UNREADABLE'];

function ChooseAgain({ item: { key, filename } }: { readonly item: UploadItem }) {
  const id = useId();
  const { uploads: text } = words;
  return (
    <>
      <label htmlFor={id} className={classes(buttonClass({ look: 'quiet' }), css.choose)}>
        {text.chooseToContinue}
        <input
          id={id}
          type="file"
          aria-label={text.of(filename, text.chooseToContinue)}
          onChange={({ target: { files } }) => files?.[0] && uploads.continue(key, files[0])}
        />
      </label>
      <Button look="quiet" aria-label={text.of(filename, text.discard)} onClick={() => void uploads.discard(key)}>
        {text.discard}
      </Button>
    </>
  );
}

function stateOf({ state, loaded, size, rate }: UploadItem): string {
  const { uploads: text } = words;
  const amount = text.amount(bytes(loaded), bytes(size));
  if (state === 'done') return `${text.states.done} · ${bytes(size)}`;
  if (state !== 'sending') return size > 0 && loaded > 0 ? `${text.states[state]} · ${amount}` : text.states[state];
  if (rate <= 0) return amount;
  return [amount, text.rate(bytes(rate)), text.left(about((size - loaded) / rate))].join(' · ');
}
