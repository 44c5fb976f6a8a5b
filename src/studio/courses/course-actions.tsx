import { useMutation } from '@apollo/client/react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { UpdateCourseDocument, type CourseCardFragment, type CourseStatus } from '../gql/graphql.js';
import { announce } from '../ui/announce.js';
import type { ButtonLook } from '../ui/button.js';
import { MoreIcon } from '../ui/icons.js';
import { Menu, type MenuItem } from '../ui/menu.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';

const CourseForm = lazy(() => import('./course-form.js'));
const DeleteCourse = lazy(() => import('./delete-course.js'));

interface CourseActionsProps {
  readonly course: CourseCardFragment;
  readonly label: string;
  readonly look?: ButtonLook;
  readonly onDeleted?: () => void;
  readonly children?: ReactNode;
}

/** What each state can become, with the words for it. */
const CHANGES: Readonly<Record<CourseStatus, readonly (readonly [CourseStatus, string])[]>> = {
  DRAFT: [
    ['PUBLISHED', words.publication.publish],
    ['ARCHIVED', words.publication.archive],
  ],
  PUBLISHED: [
    ['DRAFT', words.publication.unpublish],
    ['ARCHIVED', words.publication.archive],
  ],
  ARCHIVED: [
    ['DRAFT', words.publication.restore],
    ['PUBLISHED', words.publication.publish],
  ],
};

/** The menu of a course for those who may change it: edit, publish, archive, delete. */
export function CourseActions({ course, label, look, onDeleted, children }: CourseActionsProps) {
  const [open, setOpen] = useState<'form' | 'delete' | null>(null);
  const { setStatus, error, retry } = useStatusChange(course);
  const close = (): void => setOpen(null);
  const items: MenuItem[] = [
    { label: words.edit, onSelect: () => setOpen('form') },
    ...CHANGES[course.status].map(([status, text]) => ({ label: text, onSelect: () => setStatus(status) })),
    { label: words.delete, danger: true, onSelect: () => setOpen('delete') },
  ];
  return (
    <>
      <Menu label={label} items={items} look={look} icon={children === undefined}>
        {children ?? <MoreIcon />}
      </Menu>
      <Problem error={error} onRetry={retry} />
      <Suspense>
        {open === 'form' && <CourseForm course={course} onClose={close} />}
        {open === 'delete' && <DeleteCourse course={course} onClose={close} onDeleted={onDeleted} />}
      </Suspense>
    </>
  );
}

interface StatusChange {
  readonly setStatus: (status: CourseStatus) => void;
  readonly error: unknown;
  readonly retry: () => void;
}

export function useStatusChange({ id, title }: Pick<CourseCardFragment, 'id' | 'title'>): StatusChange {
  const [update, { error }] = useMutation(UpdateCourseDocument);
  const [wanted, setWanted] = useState<CourseStatus>();
  const setStatus = (status: CourseStatus): void => {
    setWanted(status);
    update({
      variables: { id, input: { status } },
      onCompleted: () => announce(words.publication.announced(title, words.status[status])),
    }).catch(() => undefined);
  };
  return { setStatus, error, retry: () => wanted && setStatus(wanted) };
}
