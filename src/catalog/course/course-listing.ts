import { scopesOfCourse, type CourseScope } from '../access.js';
import type { Course, CourseLevel, CourseStatus } from './course.model.js';

/**
 * Every list of courses that a client can ask for has a list key, made of a scope (access.ts) and the filters. A course
 * stores the keys of all lists that contain it. So each page of a list, in either order, is one range of an index, and
 * only returned documents are read. A course has at most 32 keys: two scopes, each with every subset of four filters.
 */

/** The filters of a list of courses. */
export interface CourseListFilter {
  readonly category?: string;
  readonly level?: CourseLevel;
  readonly instructorId?: string;
  readonly status?: CourseStatus;
}

/** Returns the key of one list. */
export function courseListKey(scope: CourseScope, filter: CourseListFilter): string {
  const { category, level, instructorId, status } = filter;
  return JSON.stringify([scope, category ?? null, level ?? null, instructorId ?? null, status ?? null]);
}

type Listed = Pick<Course, 'category' | 'level' | 'instructorId' | 'status'>;

/** Returns the keys of all lists that contain a course: each of its scopes with each set of filters that it matches. */
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
