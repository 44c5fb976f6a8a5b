import { useEffect, useState } from 'react';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { DownIcon } from '../ui/icons.js';
import { words } from '../words.js';
import { isRunning, needsAttention, type UploadItem } from './upload-item.js';
import { uploads, useUploads } from './upload-list.js';
import { UploadRow } from './upload-row.js';
import css from './uploads.module.css';

/** The uploads of this tab, at the edge of every page. Absent when there are none. */
export default function UploadTray() {
  const items = useUploads();
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    // Without an answer there is nothing to continue; the next load asks again.
    uploads.findInterrupted().catch(() => undefined);
  }, []);
  if (items.length === 0) return null;
  const { text, percent } = summaryOf(items);
  return (
    <section className={css.tray} aria-label={words.uploads.title}>
      <header className={css.head}>
        <div className={css.summary}>
          <h2>{words.uploads.title}</h2>
          <p>{text}</p>
        </div>
        {items.some(({ state }) => state === 'done') && (
          <Button look="quiet" onClick={() => uploads.clearFinished()}>
            {words.uploads.clear}
          </Button>
        )}
        <Button
          look="quiet"
          icon
          className={isOpen ? css.open : css.closed}
          aria-label={isOpen ? words.uploads.collapse : words.uploads.expand}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <DownIcon />
        </Button>
      </header>
      {!isOpen && percent !== null && (
        <progress className={controls.progress} value={percent} max={100} aria-label={words.uploads.title} />
      )}
      {isOpen && (
        <ul className={css.list} aria-label={words.uploads.title}>
          {items.map((item) => (
            <UploadRow key={item.key} item={item} />
          ))}
        </ul>
      )}
    </section>
  );
}

function summaryOf(items: readonly UploadItem[]): { readonly text: string; readonly percent: number | null } {
  const running = items.filter((item) => isRunning(item) || item.state === 'paused');
  const toDo = items.filter(needsAttention).length;
  if (running.length === 0) {
    return { text: toDo > 0 ? words.uploads.needAttention(toDo) : words.uploads.allDone, percent: null };
  }
  const sum = (of: (item: UploadItem) => number): number => running.reduce((total, item) => total + of(item), 0);
  const percent = Math.floor(
    (100 * sum(({ loaded }) => loaded)) /
      Math.max(
        1,
        sum(({ size }) => size),
      ),
  );
  return { text: words.uploads.summary(running.length, percent), percent };
}
