import { perRequest } from '../../graphql/per-request.js';
import { maySeeCourse, requireCourseWriter, requireViewer } from '../access.js';
import type { CatalogContext } from '../context.js';
import { recordsById } from '../records-by-id.js';
import { CourseModel, type Course } from './course.model.js';

/** Living courses by id; one command for all that a request asks for at once. */
export const courseById = perRequest((_context: CatalogContext) =>
  recordsById<Course>(CourseModel, ['listKeys', 'words']),
);

/** The course when the viewer may see it; null when not, or when there is none. */
export async function courseForReading(context: CatalogContext, id: string): Promise<Course | null> {
  const course = await courseById(context).load(id);
  return course && maySeeCourse(context.viewer, course) ? course : null;
}

/**
 * The course when the viewer may write it, read again from the database: an earlier mutation of the same request may
 * have changed it. Throws UNAUTHENTICATED, NOT_FOUND or FORBIDDEN.
 */
export async function courseForWriting(context: CatalogContext, id: string): Promise<Course> {
  requireViewer(context.viewer);
  const course = await courseById(context).clear(id).load(id);
  requireCourseWriter(context.viewer, course);
  return course;
}
