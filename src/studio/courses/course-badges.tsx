import type { CourseCardFragment } from '../gql/graphql.js';
import { classes } from '../ui/classes.js';
import controls from '../ui/controls.module.css';
import { words } from '../words.js';
import css from './courses.module.css';

type Badged = Pick<CourseCardFragment, 'status' | 'level' | 'category'>;

const LOOKS = { DRAFT: controls.badgeWarn, PUBLISHED: controls.badgeAccent, ARCHIVED: undefined } as const;

interface CourseBadgesProps {
  readonly course: Badged;
  /** Says also that a course is published, to those who can change it. */
  readonly forEditor?: boolean;
}

/** State, level and category of a course. */
export function CourseBadges({ course: { status, level, category }, forEditor = false }: CourseBadgesProps) {
  return (
    <ul className={css.badges}>
      {(forEditor || status !== 'PUBLISHED') && (
        <li className={classes(controls.badge, LOOKS[status])}>{words.status[status]}</li>
      )}
      {level && <li className={controls.badge}>{words.levels[level]}</li>}
      {category && <li className={controls.badge}>{category}</li>}
    </ul>
  );
}
