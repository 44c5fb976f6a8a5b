import { scopesOfCourse, type CourseScope } from '../access.js';
import type { Course, CourseLevel, CourseStatus } from './course.model.js';

/**
 * Every list of courses that a client can ask for has one list key, made of the viewer's scope and the filters. A course
 * stores the keys of all lists that it is in. So each page of each list, in either order, is one range of one index, and
 * no document is read that is not returned. At most 32 keys a course: two scopes, each with every subset of four filters.
 */

/** By what a list can be narrowed. */
export interface CourseListFilter {
  readonly category?: string;
  readonly level?: CourseLevel;
  readonly instructorId?: string;
  readonly status?: CourseStatus;
}

/** The key of one list. */
export function courseListKey(scope: CourseScope, filter: CourseListFilter): string {
  const { category, level, instructorId, status } = filter;
  return JSON.stringify([scope, category ?? null, level ?? null, instructorId ?? null, status ?? null]);
}

type Listed = Pick<Course, 'category' | 'level' | 'instructorId' | 'status'>;

/** The keys of all lists that a course is in: each of its scopes, narrowed by each set of filters that it matches. */
export function courseListKeys(course: Listed): string[] {
  return scopesOfCourse(course).flatMap((scope) =>
    filtersMatching(course).map((filter) => courseListKey(scope, filter)),
  );
}

function filtersMatching(course: Listed): CourseListFilter[] {
  let filters: CourseListFilter[] = [{}];
  const narrow = (by: CourseListFilter): void => {
    filters = [...filters, ...filters.map((filter) => ({ ...filter, ...by }))];
  };
  if (course.category !== undefined) narrow({ category: course.category });
  if (course.level !== undefined) narrow({ level: course.level });
  narrow({ instructorId: course.instructorId });
  narrow({ status: course.status });
  return filters;
}
