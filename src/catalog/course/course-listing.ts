import type { Course, CourseLevel, CourseStatus } from './course.model.js';

/**
 * Every list that a course can be asked for in is one list key: whom it is for, and which filters it is narrowed by.
 * A course carries the keys of all its lists, so that each page of each list, in either order, is one range of one
 * index and reads no document that it does not return.
 */

/** By what a list can be narrowed. */
export interface CourseListFilter {
  readonly category?: string;
  readonly level?: CourseLevel;
  readonly instructorId?: string;
  readonly status?: CourseStatus;
}

/** Whose list: everyone's, one instructor's unpublished courses, or all there are. */
export type CourseScope = 'public' | `own:${string}` | 'all';

/** The key of one list. */
export function courseListKey(scope: CourseScope, filter: CourseListFilter): string {
  const { category, level, instructorId, status } = filter;
  return JSON.stringify([scope, category ?? null, level ?? null, instructorId ?? null, status ?? null]);
}

type Listed = Pick<Course, 'category' | 'level' | 'instructorId' | 'status'>;

/** The keys of all lists that a course is in: each scope it belongs to, narrowed by each set of filters it meets. */
export function courseListKeys(course: Listed): string[] {
  const unpublished: CourseScope = `own:${course.instructorId}`;
  const scopes: CourseScope[] = ['all', course.status === 'PUBLISHED' ? 'public' : unpublished];
  return scopes.flatMap((scope) => filtersMetBy(course).map((filter) => courseListKey(scope, filter)));
}

function filtersMetBy(course: Listed): CourseListFilter[] {
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
