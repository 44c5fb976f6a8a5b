import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maySeeCourse, visibleCourseScopes, type CourseScope } from '../../src/catalog/access.js';
import { courseListKey, courseListKeys } from '../../src/catalog/course/course-listing.js';
import type { CourseListFilter } from '../../src/catalog/course/course-listing.js';

const LEVELS = ['BEGINNER', 'INTERMEDIATE', 'ADVANCED'] as const;
const STATUSES = ['DRAFT', 'PUBLISHED', 'ARCHIVED'] as const;
/** Texts that would collide if list keys were joined without escaping. */
const texts = fc.constantFrom('a', 'b', 'a","b', 'null', '["all"]', 'own:a', 'PUBLISHED', '');

const course = fc.record(
  { category: texts, level: fc.constantFrom(...LEVELS), instructorId: texts, status: fc.constantFrom(...STATUSES) },
  { requiredKeys: ['instructorId', 'status'] },
);
const filter = fc.record(
  { category: texts, level: fc.constantFrom(...LEVELS), instructorId: texts, status: fc.constantFrom(...STATUSES) },
  { requiredKeys: [] },
);
const scope = fc.oneof(
  fc.constantFrom<CourseScope>('public', 'all'),
  texts.map((id): CourseScope => `own:${id}`),
);
const viewer = fc.option(fc.record({ id: texts, role: fc.constantFrom('admin', 'instructor', 'student') }));

type Listed = Parameters<typeof courseListKeys>[0];

function belongs(listed: Listed, to: CourseScope): boolean {
  if (to === 'all') return true;
  const published = listed.status === 'PUBLISHED';
  return to === 'public' ? published : !published && to === `own:${listed.instructorId}`;
}

function meets(listed: Listed, wanted: CourseListFilter): boolean {
  return Object.entries(wanted).every(([name, value]) => listed[name as keyof Listed] === value);
}

describe('the list keys of a course', () => {
  it('are those of the scopes it belongs to, for every filter that it matches', () => {
    fc.assert(
      fc.property(course, scope, filter, (listed, to, wanted) => {
        const isListed = courseListKeys(listed).includes(courseListKey(to, wanted));
        expect(isListed).toBe(belongs(listed, to) && meets(listed, wanted));
      }),
      { numRuns: 5_000 },
    );
  });

  it('are distinct, and at most 32', () => {
    fc.assert(
      fc.property(course, (listed) => {
        const keys = courseListKeys(listed);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.length).toBeLessThanOrEqual(32);
      }),
    );
  });

  it('show each course once to a viewer who may see it, and never to others', () => {
    fc.assert(
      fc.property(course, viewer, filter, (listed, asker, wanted) => {
        const keys = courseListKeys(listed);
        const lists = visibleCourseScopes(asker).map((one) => courseListKey(one, wanted));
        const times = lists.filter((key) => keys.includes(key)).length;
        expect(times).toBe(maySeeCourse(asker, listed) && meets(listed, wanted) ? 1 : 0);
      }),
      { numRuns: 5_000 },
    );
  });
});
