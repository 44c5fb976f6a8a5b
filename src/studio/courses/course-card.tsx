import type { FragmentType } from '@apollo/client';
import { useFragment } from '@apollo/client/react';
import { Link } from 'wouter';
import { CourseCardFragmentDoc, type CourseCardFragment } from '../gql/graphql.js';
import { mayEdit, useViewer } from '../session/use-viewer.js';
import { words } from '../words.js';
import { CourseActions } from './course-actions.js';
import { CourseBadges } from './course-badges.js';
import css from './courses.module.css';

export function CourseCard({ course }: { readonly course: FragmentType<CourseCardFragment> }) {
  const { viewer } = useViewer();
  const { data, complete } = useFragment({ fragment: CourseCardFragmentDoc, fragmentName: 'CourseCard', from: course });
  if (!complete) return null;
  return (
    <li className={css.card}>
      <CoursePicture title={data.title} url={data.thumbnailUrl} />
      <div className={css.cardBody}>
        <h2 className={css.cardTitle}>
          <Link href={`/courses/${data.id}`}>{data.title}</Link>
        </h2>
        {data.description && <p className={css.cardText}>{data.description}</p>}
        <div className={css.cardFoot}>
          <CourseBadges course={data} />
          {mayEdit(viewer, data) && <CourseActions course={data} label={words.courses.actions(data.title)} />}
        </div>
      </div>
    </li>
  );
}

/** The thumbnail, or the first letter of the title where there is none. */
export function CoursePicture({ title, url }: { readonly title: string; readonly url: string | null }) {
  return (
    <div className={css.picture}>
      {url === null ? (
        <span aria-hidden="true">{title.slice(0, 1).toUpperCase()}</span>
      ) : (
        <img src={url} alt="" loading="lazy" decoding="async" />
      )}
    </div>
  );
}
