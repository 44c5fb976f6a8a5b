import { perRequest } from '../../graphql/per-request.js';
import { maySeeCourse, requireCourseWriter, requireViewer } from '../access.js';
import type { CatalogContext } from '../context.js';
import { recordsById } from '../records-by-id.js';
import { CourseModel, type Course } from './course.model.js';

/** Loads courses by id, without deleted ones. All that a request needs at the same time take one database command. */
export const courseById = perRequest((_context: CatalogContext) =>
  recordsById<Course>(CourseModel, { listKeys: 0, words: 0 }),
);

/** Returns the course. Returns null when it does not exist or the viewer may not see it. */
export async function courseForReading(context: CatalogContext, id: string): Promise<Course | null> {
  const course = await courseById(context).load(id);
  return course && maySeeCourse(context.viewer, course) ? course : null;
}

/**
 * Returns a course that the viewer may write. Reads it from the database again, because an earlier mutation of the same
 * request may have changed it.
 * Rejects with UNAUTHENTICATED, NOT_FOUND or FORBIDDEN.
 */
export async function courseForWriting(context: CatalogContext, id: string): Promise<Course> {
  requireViewer(context.viewer);
  const course = await courseById(context).clear(id).load(id);
  requireCourseWriter(context.viewer, course);
  return course;
}
