import { perRequest } from '../../graphql/per-request.js';
import { requireCourseWriter, requireViewer } from '../access.js';
import type { CatalogContext } from '../context.js';
import { recordsById } from '../records-by-id.js';
import { CourseModel, type Course } from './course.model.js';

/** Living courses by id; one command for all that a request asks for at once. */
export const courseById = perRequest((_context: CatalogContext) =>
  recordsById<Course>(CourseModel, ['listKeys', 'words']),
);

/** A course that the viewer may write, read afresh: an earlier mutation of the same request may have changed it. */
export async function courseForWriting(context: CatalogContext, id: string): Promise<Course> {
  requireViewer(context.viewer);
  const course = await courseById(context).clear(id).load(id);
  requireCourseWriter(context.viewer, course);
  return course;
}
