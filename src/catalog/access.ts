import type { Viewer } from '../auth/viewer.js';
import { LecternError } from '../errors.js';
import type { Course } from './course/course.model.js';
import type { Image } from './image/image.model.js';
import type { Video } from './video/video.model.js';

/**
 * Every access rule of the catalogue. To add or change a rule, edit this file only. A rule is written as a predicate on
 * one record and, if lists need it, as the keys of the lists to read. GraphQL fields, permalinks and commands call
 * these functions; resolvers do not decide about access. A record that a viewer may not see is reported as not found.
 *
 * Topics, videos and files have the rules of their course: who sees the course sees them, and who may write the course
 * may write them. Only playing a video has a rule of its own.
 */

/** The signed-in viewer. Null for a request without a token. */
type Asker = Viewer | null;
type RuledCourse = Pick<Course, 'instructorId' | 'status'>;
type RuledImage = Pick<Image, 'uploaderId'>;

/** Returns the signed-in viewer. Throws UNAUTHENTICATED when there is none. */
export function requireViewer(viewer: Asker): Viewer {
  if (!viewer) throw new LecternError('UNAUTHENTICATED');
  return viewer;
}

/**
 * Only instructors and admins may create courses and images. Returns the viewer.
 * Throws UNAUTHENTICATED or FORBIDDEN.
 */
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

/** A subset of all courses: the published ones, the unpublished ones of one instructor, or all. */
export type CourseScope = 'public' | `own:${string}` | 'all';

/**
 * `maySeeCourse` for lists, from the viewer's side: the scopes that contain the courses they may see. Each of these
 * courses is in exactly one of the scopes.
 */
export function visibleCourseScopes(viewer: Asker): CourseScope[] {
  if (viewer?.role === 'admin') return ['all'];
  return viewer?.role === 'instructor' ? ['public', `own:${viewer.id}`] : ['public'];
}

/** `maySeeCourse` for lists, from the course's side: the scopes that contain it. They are stored with the course. */
export function scopesOfCourse({ status, instructorId }: RuledCourse): CourseScope[] {
  return ['all', status === 'PUBLISHED' ? 'public' : `own:${instructorId}`];
}

/** Only the instructor of a course and admins may write it. */
export function mayWriteCourse(viewer: Asker, course: RuledCourse): boolean {
  if (!viewer) return false;
  return viewer.role === 'admin' || (viewer.role === 'instructor' && viewer.id === course.instructorId);
}

/** Throws NOT_FOUND when the viewer may not see the course, and FORBIDDEN when they may see it but not write it. */
export function requireCourseWriter(viewer: Asker, course: RuledCourse | null): asserts course {
  if (!course || !maySeeCourse(viewer, course)) throw new LecternError('NOT_FOUND');
  if (!mayWriteCourse(viewer, course))
    throw new LecternError('FORBIDDEN', 'Only the instructor of the course and admins may do this.');
}

/**
 * Instructors may make only themselves the instructor of a course, admins may name anyone.
 * Throws UNAUTHENTICATED or FORBIDDEN.
 * @param present The present instructor of an existing course. Naming them again is always allowed.
 */
export function requireMayNameInstructor(asker: Asker, instructorId: string, present?: string): void {
  const viewer = requireViewer(asker);
  if (viewer.role === 'admin' || instructorId === viewer.id || instructorId === present) return;
  throw new LecternError('FORBIDDEN', 'Only admins may name another instructor.', { fields: ['input.instructorId'] });
}

// --- Videos ---

/** Of a course that they may see, signed-in viewers may play every video, and everyone may play previews. */
export function mayPlayVideo(viewer: Asker, video: Pick<Video, 'isPreview'>): boolean {
  return viewer !== null || video.isPreview;
}

/** Throws UNAUTHENTICATED when the viewer has to sign in to play the video. */
export function requirePlayer(viewer: Asker, video: Pick<Video, 'isPreview'>): void {
  if (!mayPlayVideo(viewer, video)) throw new LecternError('UNAUTHENTICATED');
}

// --- Images ---

/** Signed-in viewers may see every image whose id they know. */
export function maySeeImages(viewer: Asker): boolean {
  return viewer !== null;
}

/** Throws UNAUTHENTICATED when the viewer has to sign in to see images. */
export function requireImageViewer(viewer: Asker): void {
  if (!maySeeImages(viewer)) throw new LecternError('UNAUTHENTICATED');
}

/** Viewers may list and delete the images that they uploaded. Admins may list and delete all images. */
export function mayManageImage(viewer: Viewer, { uploaderId }: RuledImage): boolean {
  return viewer.role === 'admin' || viewer.id === uploaderId;
}

/** `mayManageImage` for lists, from the viewer's side: the key of the list that contains their images. */
export function imageListOf(viewer: Viewer): string {
  return viewer.role === 'admin' ? 'all' : `own:${viewer.id}`;
}

/** `mayManageImage` for lists, from the image's side: the keys of the lists that contain it. */
export function listsOfImage({ uploaderId }: RuledImage): string[] {
  return ['all', `own:${uploaderId}`];
}

/** Throws NOT_FOUND when there is no such image, and FORBIDDEN when the viewer may not delete it. */
export function requireImageWriter(viewer: Viewer, image: RuledImage | null): asserts image {
  if (!image) throw new LecternError('NOT_FOUND');
  if (!mayManageImage(viewer, image)) throw new LecternError('FORBIDDEN');
}

// --- Direct uploads ---

/** The viewer who started a direct upload and admins see it. For other viewers it does not exist. */
export function maySeeUpload(viewer: Viewer, { makerId }: { readonly makerId: string }): boolean {
  return viewer.role === 'admin' || viewer.id === makerId;
}

/**
 * `maySeeUpload` for lists: the id of the viewer whose uploads are listed.
 * Returns undefined for admins, who list the uploads of all viewers.
 */
export function uploadsListedFor(viewer: Viewer): string | undefined {
  return viewer.role === 'admin' ? undefined : viewer.id;
}

/**
 * Only the viewer who started a direct upload may have its parts signed, and complete it.
 * Throws FORBIDDEN for admins, who see it too.
 */
export function requireUploadMaker(viewer: Asker, { makerId }: { readonly makerId: string }): void {
  if (viewer?.id !== makerId)
    throw new LecternError('FORBIDDEN', 'Only the viewer who started this upload may continue it.');
}
