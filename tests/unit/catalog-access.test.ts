import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.js';
import * as access from '../../src/catalog/access.js';
import { LecternError } from '../../src/errors.js';

const nobody = null;
const student: Viewer = { id: 'sam', role: 'student' };
const owner: Viewer = { id: 'ada', role: 'instructor' };
const other: Viewer = { id: 'bob', role: 'instructor' };
const admin: Viewer = { id: 'root', role: 'admin' };
/** Has the instructor's id but not the role: rights follow from the token's role. */
const demoted: Viewer = { id: 'ada', role: 'student' };

const published = { instructorId: 'ada', status: 'PUBLISHED' } as const;
const draft = { instructorId: 'ada', status: 'DRAFT' } as const;
const archived = { instructorId: 'ada', status: 'ARCHIVED' } as const;

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'ok';
  } catch (error) {
    return error instanceof LecternError ? error.code : String(error);
  }
};

describe('access rules', () => {
  it.each<[string, Viewer | null, boolean, boolean]>([
    ['nobody', nobody, false, false],
    ['a student', student, false, false],
    ['the instructor', owner, true, true],
    ['another instructor', other, false, false],
    ['an admin', admin, true, true],
    ['a student with the id of the instructor', demoted, false, false],
  ])('say who may see and write a course: %s', (_who, viewer, seesDrafts, writes) => {
    expect(access.maySeeCourse(viewer, published)).toBe(true);
    expect([draft, archived].map((course) => access.maySeeCourse(viewer, course))).toEqual([seesDrafts, seesDrafts]);
    expect([published, draft, archived].map((course) => access.mayWriteCourse(viewer, course))).toEqual(
      Array(3).fill(writes),
    );
    const refusals = [published, draft, archived, null].map((course) =>
      codeOf(() => {
        access.requireCourseWriter(viewer, course);
      }),
    );
    expect(refusals).toEqual(
      writes ? ['ok', 'ok', 'ok', 'NOT_FOUND'] : ['FORBIDDEN', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'],
    );
  });

  it('let only instructors and admins create courses and images', () => {
    expect([nobody, student, owner, admin].map((viewer) => codeOf(() => access.requireAuthor(viewer)))).toEqual([
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'ok',
      'ok',
    ]);
    expect(codeOf(() => access.requireViewer(nobody))).toBe('UNAUTHENTICATED');
    expect(access.requireViewer(student)).toBe(student);
  });

  it('let an instructor name only themselves as instructor of a course, and an admin anyone', () => {
    const code = (viewer: Viewer | null, id: string, present?: string): string =>
      codeOf(() => {
        access.requireMayNameInstructor(viewer, id, present);
      });
    expect([code(owner, 'ada'), code(owner, 'bob'), code(owner, 'ADA'), code(admin, 'bob')]).toEqual([
      'ok',
      'FORBIDDEN',
      'FORBIDDEN',
      'ok',
    ]);
    expect([code(owner, 'bob', 'bob'), code(owner, 'eve', 'bob'), code(nobody, 'bob', 'bob')]).toEqual([
      'ok',
      'FORBIDDEN',
      'UNAUTHENTICATED',
    ]);
  });

  it('let signed-in viewers play videos, and anonymous ones previews only', () => {
    expect(access.mayPlayVideo(nobody, { isPreview: false })).toBe(false);
    expect(access.mayPlayVideo(nobody, { isPreview: true })).toBe(true);
    expect(access.mayPlayVideo(student, { isPreview: false })).toBe(true);
    const code = (viewer: Viewer | null, isPreview: boolean): string =>
      codeOf(() => {
        access.requirePlayer(viewer, { isPreview });
      });
    expect([code(nobody, false), code(nobody, true), code(student, false)]).toEqual(['UNAUTHENTICATED', 'ok', 'ok']);
  });

  it('let signed-in viewers see images, and only the uploader or an admin list and delete them', () => {
    expect([access.maySeeImages(nobody), access.maySeeImages(student)]).toEqual([false, true]);
    expect(
      codeOf(() => {
        access.requireImageViewer(nobody);
      }),
    ).toBe('UNAUTHENTICATED');
    for (const viewer of [student, owner, other, admin, demoted]) {
      for (const uploaderId of ['ada', 'bob', 'all', 'own:ada']) {
        const isListed = access.listsOfImage({ uploaderId }).includes(access.imageListOf(viewer));
        expect([viewer, uploaderId, isListed]).toEqual([
          viewer,
          uploaderId,
          access.mayManageImage(viewer, { uploaderId }),
        ]);
      }
    }
    const image = { uploaderId: 'ada' };
    const code = (viewer: Viewer, of: typeof image | null): string =>
      codeOf(() => {
        access.requireImageWriter(viewer, of);
      });
    expect([code(owner, image), code(other, image), code(admin, image), code(admin, null)]).toEqual([
      'ok',
      'FORBIDDEN',
      'ok',
      'NOT_FOUND',
    ]);
  });
});
