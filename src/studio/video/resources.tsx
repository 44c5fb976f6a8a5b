import { bytes } from '../format.js';
import type { LessonMediaFragment } from '../gql/graphql.js';
import { FileIcon } from '../ui/icons.js';
import { words } from '../words.js';
import css from './video.module.css';

/** The files to download with a lesson. */
export function Resources({ resources }: { readonly resources: NonNullable<LessonMediaFragment['resources']> }) {
  if (resources.length === 0) return null;
  return (
    <section className={css.resources} aria-label={words.video.resources}>
      <h2>{words.video.resources}</h2>
      <ul>
        {resources.map(({ id, title, file }) => (
          <li key={id}>
            <a href={file.url} download={file.filename}>
              <FileIcon />
              <span>{title}</span>
              <small>{bytes(file.size)}</small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
