import { classes } from '../ui/classes.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import css from './course.module.css';
import type { Adding } from './use-add-videos.js';

/** What became of files that were dropped or chosen. */
export function AddingStatus({ adding: { left, notices, error, retry } }: { readonly adding: Adding }) {
  return (
    <>
      {left > 0 && (
        <p className={css.notice} role="status">
          {words.course.creating(left)}
        </p>
      )}
      {notices.map((notice) => (
        <p key={notice} className={classes(css.notice, css.leftOut)} role="status">
          {notice}
        </p>
      ))}
      <Problem error={error} onRetry={retry} />
    </>
  );
}
