import { skipToken, useQuery } from '@apollo/client/react';
import { lazy, Suspense, useState } from 'react';
import { CoursesDocument } from '../gql/graphql.js';
import { mayTeach, useViewer } from '../session/use-viewer.js';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { BookIcon, PlusIcon } from '../ui/icons.js';
import { MoreOnSight } from '../ui/more-on-sight.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { CourseCard } from './course-card.js';
import { CourseFilters } from './course-filters.js';
import css from './courses.module.css';
import { useCourseFilter } from './use-course-filter.js';

const CourseForm = lazy(() => import('./course-form.js'));

export default function CoursesPage() {
  const { viewer, known } = useViewer();
  const { variables, isFiltered, ...filter } = useCourseFilter();
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(
    CoursesDocument,
    known ? { variables, notifyOnNetworkStatusChange: true } : skipToken,
  );
  const [isCreating, setCreating] = useState(false);
  usePageTitle(words.courses.title);

  const page = (data ?? previousData)?.courses;
  const teaches = mayTeach(viewer);
  const more = (): void => {
    if (!page?.pageInfo.hasNextPage || loading) return;
    // The error is also in `error` above.
    fetchMore({ variables: { after: page.pageInfo.endCursor } }).catch(() => undefined);
  };

  return (
    <>
      <div className={css.head}>
        <div>
          <h1>{words.courses.title}</h1>
          <p className={css.lead}>{teaches ? words.courses.lead : words.courses.leadStudent}</p>
        </div>
        {teaches && (
          <Button look="primary" onClick={() => setCreating(true)}>
            <PlusIcon />
            {words.courses.create}
          </Button>
        )}
      </div>
      <CourseFilters
        {...filter}
        isFiltered={isFiltered}
        withStatus={teaches}
        categories={categoriesOf(page?.nodes ?? [])}
      />
      <p className={css.count} role="status">
        {page && words.courses.count(page.totalCount)}
      </p>
      <Problem error={error} onRetry={() => void refetch()} />
      {!page && !error && <CardSkeletons />}
      {page?.nodes.length === 0 && <NoCourses isFiltered={isFiltered} teaches={teaches} />}
      {page && page.nodes.length > 0 && (
        <ul className={css.grid} aria-label={words.courses.list} aria-busy={loading}>
          {page.nodes.map((course) => (
            <CourseCard key={course.id} course={course} />
          ))}
        </ul>
      )}
      {page?.pageInfo.hasNextPage && <MoreOnSight label={words.courses.more} loading={loading} onMore={more} />}
      {isCreating && (
        <Suspense>
          <CourseForm onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

function NoCourses({ isFiltered, teaches }: { readonly isFiltered: boolean; readonly teaches: boolean }) {
  const lead = teaches ? words.courses.noneLead : words.courses.noneStudentLead;
  return (
    <div className={controls.empty}>
      <BookIcon />
      <h2>{isFiltered ? words.courses.noMatch : words.courses.none}</h2>
      <p>{isFiltered ? words.courses.noMatchLead : lead}</p>
    </div>
  );
}

function CardSkeletons() {
  return (
    <div className={css.grid} aria-hidden="true">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className={`${controls.skeleton ?? ''} ${css.skeletonCard ?? ''}`} />
      ))}
    </div>
  );
}

function categoriesOf(courses: readonly { readonly category: string | null }[]): string[] {
  const known = courses.flatMap(({ category }) => category ?? []);
  return [...new Set(known)].sort((a, b) => a.localeCompare(b));
}
