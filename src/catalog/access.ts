import type { Viewer } from '../auth/viewer.js';
import { LecternError } from '../errors.js';
import type { CourseScope } from './course/course-listing.js';
import type { Course } from './course/course.model.js';
import type { Image } from './image/image.model.js';
import type { Video } from './video/video.model.js';

/**
 * Who may: every access rule of the catalogue, each as a predicate and, where lists need it, as a query beside it.
 * GraphQL and HTTP ask the same rules. What a viewer may not see does not exist for them.
 */

type Asker = Viewer | null;
type RuledCourse = Pick<Course, 'instructorId' | 'status'>;

/** For what only a signed-in viewer may do: UNAUTHENTICATED without one. */
export function requireViewer(viewer: Asker): Viewer {
  if (!viewer) throw new LecternError('UNAUTHENTICATED');
  return viewer;
}

/** Courses and images are made by instructors and admins; students write nothing. */
export function requireAuthor(asker: Asker): Viewer {
  const viewer = requireViewer(asker);
  if (viewer.role === 'student') throw new LecternError('FORBIDDEN', 'Only instructors and admins may do this.');
  return viewer;
}

/** A published course is everyone's; a draft or archived one its instructor's and the admins'. */
export function maySeeCourse(viewer: Asker, course: RuledCourse): boolean {
  return course.status === 'PUBLISHED' || mayWriteCourse(viewer, course);
}

/** The lists that together hold exactly the courses that `maySeeCourse` allows. They have no course in common. */
export function visibleCourseScopes(viewer: Asker): CourseScope[] {
  if (viewer?.role === 'admin') return ['all'];
  return viewer?.role === 'instructor' ? ['public', `own:${viewer.id}`] : ['public'];
}

/** Topics, videos and files of a course are written by whoever writes the course. */
export function mayWriteCourse(viewer: Asker, course: RuledCourse): boolean {
  if (!viewer) return false;
  return viewer.role === 'admin' || (viewer.role === 'instructor' && viewer.id === course.instructorId);
}

/** NOT_FOUND for a course that the viewer does not see, FORBIDDEN for one that they see and may not write. */
export function requireCourseWriter(viewer: Asker, course: RuledCourse | null): asserts course {
  if (!course || !maySeeCourse(viewer, course)) throw new LecternError('NOT_FOUND');
  if (!mayWriteCourse(viewer, course))
    throw new LecternError('FORBIDDEN', 'Only the instructor of the course and admins may do this.');
}

/** Who may own a course that this viewer makes or hands on: oneself, or anyone for admins. */
export function requireOwnInstructorId(viewer: Viewer, instructorId: string): void {
  if (viewer.role !== 'admin' && instructorId !== viewer.id) {
    throw new LecternError('FORBIDDEN', 'Only admins may name another instructor.', { fields: ['input.instructorId'] });
  }
}

/** A video of a course that the viewer sees plays for anyone signed in; a preview for everyone. */
export function mayPlayVideo(viewer: Asker, video: Pick<Video, 'isPreview'>): boolean {
  return viewer !== null || video.isPreview;
}

/** Images are shown by id to anyone signed in. */
export function maySeeImages(viewer: Asker): boolean {
  return viewer !== null;
}

/** The list of images that is the viewer's to browse: their own, or all for admins. */
export function visibleImageList(viewer: Viewer): string {
  return viewer.role === 'admin' ? 'all' : imageListOf(viewer.id);
}

export function imageListOf(uploaderId: string): string {
  return `own:${uploaderId}`;
}

/** An image is deleted by its uploader and by admins. */
export function requireImageWriter(viewer: Viewer, image: Pick<Image, 'uploaderId'> | null): asserts image {
  if (!image) throw new LecternError('NOT_FOUND');
  if (viewer.role !== 'admin' && viewer.id !== image.uploaderId) throw new LecternError('FORBIDDEN');
}
