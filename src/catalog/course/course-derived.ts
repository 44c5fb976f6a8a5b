import { DERIVED_VERSION } from '../derived-version.js';
import { normalise } from '../normalise.js';
import { searchWords } from '../search-words.js';
import { courseListKeys } from './course-listing.js';
import type { Course } from './course.model.js';

/** The fields from which the derived fields are computed. */
export type CourseFacts = Pick<Course, 'title' | 'description' | 'category' | 'level' | 'instructorId' | 'status'>;

/** Computes the derived fields of a course: they are stored with it so that it can be listed, sorted and searched. */
export function derivedOfCourse(
  course: CourseFacts,
): Pick<Course, 'listKeys' | 'titleKey' | 'words' | 'derivedVersion'> {
  return {
    listKeys: courseListKeys(course),
    titleKey: normalise(course.title),
    words: searchWords(course.title, course.description),
    derivedVersion: DERIVED_VERSION,
  };
}
