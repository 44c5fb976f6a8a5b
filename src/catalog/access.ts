import type { Viewer } from '../auth/viewer.js';
import { LecternError } from '../errors.js';
import type { Course } from './course/course.model.js';
import type { Image } from './image/image.model.js';
import type { Video } from './video/video.model.js';

/**
 * Every access rule of the catalogue. A rule stands here once: as a predicate on one record and, where lists need it, as
 * the keys of the lists to read, beside it. GraphQL fields, permalinks and commands all use these functions, and no
 * resolver decides about access. A record that a viewer may not see is answered as if it did not exist.
 *
 * Topics, videos and files of a course have no rule of their own: they are seen by everyone who sees the course, and
 * written by everyone who may write it. Only playing a video needs more.
 */

/** A signed-in viewer, or null for a request without a token. */
type Asker = Viewer | null;
type RuledCourse = Pick<Course, 'instructorId' | 'status'>;
type RuledImage = Pick<Image, 'uploaderId'>;

/** Returns the viewer of an operation that needs one. Throws UNAUTHENTICATED when nobody is signed in. */
export function requireViewer(viewer: Asker): Viewer {
  if (!viewer) throw new LecternError('UNAUTHENTICATED');
  return viewer;
}

/** Courses and images are created by instructors and admins; students write nothing. Throws UNAUTHENTICATED or FORBIDDEN. */
export function requireAuthor(asker: Asker): Viewer {
  const viewer = requireViewer(asker);
  if (viewer.role === 'student') throw new LecternError('FORBIDDEN', 'Only instructors and admins may do this.');
  return viewer;
}

// --- Courses ---

/** Everyone sees a published course. Only its instructor and admins see a draft or an archived course. */
export function maySeeCourse(viewer: Asker, course: RuledCourse): boolean {
  return course.status === 'PUBLISHED' || mayWriteCourse(viewer, course);
}

/** One part of all courses: the published ones, the unpublished ones of one instructor, or all. */
export type CourseScope = 'public' | `own:${string}` | 'all';

/** `maySeeCourse` as a query filter, the side of the viewer: exactly the visible courses are in one of these scopes, each in one. */
export function visibleCourseScopes(viewer: Asker): CourseScope[] {
  if (viewer?.role === 'admin') return ['all'];
  return viewer?.role === 'instructor' ? ['public', `own:${viewer.id}`] : ['public'];
}

/** `maySeeCourse` as a query filter, the side of the course: the scopes that it is stored under. */
export function scopesOfCourse({ status, instructorId }: RuledCourse): CourseScope[] {
  return ['all', status === 'PUBLISHED' ? 'public' : `own:${instructorId}`];
}

/** A course is written by its instructor and by admins. */
export function mayWriteCourse(viewer: Asker, course: RuledCourse): boolean {
  if (!viewer) return false;
  return viewer.role === 'admin' || (viewer.role === 'instructor' && viewer.id === course.instructorId);
}

/** Throws NOT_FOUND for a course that the viewer may not see, FORBIDDEN for one that they see but may not write. */
export function requireCourseWriter(viewer: Asker, course: RuledCourse | null): asserts course {
  if (!course || !maySeeCourse(viewer, course)) throw new LecternError('NOT_FOUND');
  if (!mayWriteCourse(viewer, course))
    throw new LecternError('FORBIDDEN', 'Only the instructor of the course and admins may do this.');
}

/**
 * Who may become the instructor of a course: instructors name only themselves, admins name anyone. `present` is the
 * instructor whom an existing course has; naming them again changes nothing and is always allowed.
 * Throws UNAUTHENTICATED or FORBIDDEN.
 */
export function requireMayNameInstructor(asker: Asker, instructorId: string, present?: string): void {
  const viewer = requireViewer(asker);
  if (viewer.role === 'admin' || instructorId === viewer.id || instructorId === present) return;
  throw new LecternError('FORBIDDEN', 'Only admins may name another instructor.', { fields: ['input.instructorId'] });
}

// --- Videos ---

/** A video of a course that the viewer sees plays for everyone who is signed in; a preview plays for everyone. */
export function mayPlayVideo(viewer: Asker, video: Pick<Video, 'isPreview'>): boolean {
  return viewer !== null || video.isPreview;
}

/** Throws UNAUTHENTICATED for a video that the viewer would have to sign in to play. */
export function requirePlayer(viewer: Asker, video: Pick<Video, 'isPreview'>): void {
  if (!mayPlayVideo(viewer, video)) throw new LecternError('UNAUTHENTICATED');
}

// --- Images ---

/** Everyone who is signed in sees any image of which they know the id. */
export function maySeeImages(viewer: Asker): boolean {
  return viewer !== null;
}

/** Throws UNAUTHENTICATED for a viewer who may see no image. */
export function requireImageViewer(viewer: Asker): void {
  if (!maySeeImages(viewer)) throw new LecternError('UNAUTHENTICATED');
}

/** Viewers browse and delete the images that they uploaded; admins all images. */
export function mayManageImage(viewer: Viewer, { uploaderId }: RuledImage): boolean {
  return viewer.role === 'admin' || viewer.id === uploaderId;
}

/** `mayManageImage` as a query filter, the side of the viewer: the list that holds exactly their images. */
export function imageListOf(viewer: Viewer): string {
  return viewer.role === 'admin' ? 'all' : `own:${viewer.id}`;
}

/** `mayManageImage` as a query filter, the side of the image: the lists that it is stored under. */
export function listsOfImage({ uploaderId }: RuledImage): string[] {
  return ['all', `own:${uploaderId}`];
}

/** Throws NOT_FOUND when there is no such image, FORBIDDEN when it is not the viewer's to delete. */
export function requireImageWriter(viewer: Viewer, image: RuledImage | null): asserts image {
  if (!image) throw new LecternError('NOT_FOUND');
  if (!mayManageImage(viewer, image)) throw new LecternError('FORBIDDEN');
}
