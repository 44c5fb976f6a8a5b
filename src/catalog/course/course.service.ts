import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import type { Connection } from '../../graphql/pagination.js';
import type { Upload } from '../../graphql/upload.js';
import type { LifeCycle } from '../../media/life-cycle.js';
import { requireAuthor, requireMayNameInstructor, visibleCourseScopes } from '../access.js';
import type { CatalogContext } from '../context.js';
import { changeOf, clearable, given, trimmed } from '../input-values.js';
import { keysetPage, type KeysetOrder } from '../keyset-page.js';
import type { Removal } from '../removal.js';
import { reordered, requireReordered } from '../reorder.js';
import { derivedOfCourse } from './course-derived.js';
import { courseListKey, type CourseListFilter } from './course-listing.js';
import { courseSearch } from './course-search.js';
import { courseById, courseForReading, courseForWriting } from './course.loader.js';
import type { CourseFilter, CourseListArgs, CreateCourseInput, UpdateCourseInput } from './course.inputs.js';
import { CourseModel, type Course } from './course.model.js';

export interface CourseUploads {
  readonly thumbnail?: Upload | null | undefined;
  readonly introVideo?: Upload | null | undefined;
}

/** How often an update is attempted when other requests change the course at the same time. */
const MAX_UPDATE_ATTEMPTS = 10;

const ORDERS: Readonly<Record<string, KeysetOrder>> = {
  CREATED_AT_ASC: { field: 'createdAt', direction: 1 },
  CREATED_AT_DESC: { field: 'createdAt', direction: -1 },
  TITLE_ASC: { field: 'titleKey', direction: 1 },
  TITLE_DESC: { field: 'titleKey', direction: -1 },
};

export class CourseService {
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly removal: Removal,
    /** Returns the ids of a course's topics. Passed in, because this folder may not import `topic/`. */
    private readonly livingTopics: (courseId: string) => Promise<string[]>,
  ) {}

  /** Returns null when the course does not exist or the viewer may not see it. */
  find(context: CatalogContext, id: string): Promise<Course | null> {
    return courseForReading(context, id);
  }

  /** @param paths The paths of the fields that are read of each course. Absent: whole records. */
  async list(context: CatalogContext, args: CourseListArgs, paths?: readonly string[]): Promise<Connection<Course>> {
    const filter = listFilter(args.filter);
    return keysetPage<Course>({
      model: CourseModel,
      lists: visibleCourseScopes(context.viewer).map((scope) => courseListKey(scope, filter)),
      order: ORDERS[args.orderBy ?? 'CREATED_AT_DESC'] ?? { field: 'createdAt', direction: -1 },
      first: args.first,
      after: args.after,
      search: courseSearch(args.filter?.search),
      paths,
    });
  }

  async create(context: CatalogContext, input: CreateCourseInput, uploads: CourseUploads): Promise<Course> {
    const viewer = requireAuthor(context.viewer);
    const instructorId = trimmed(input.instructorId) ?? viewer.id;
    requireMayNameInstructor(viewer, instructorId);
    const now = new Date();
    const title = input.title.trim();
    const facts = {
      title,
      ...given({ description: trimmed(input.description), category: trimmed(input.category), level: input.level }),
      instructorId,
      status: input.status ?? 'DRAFT',
    };
    const course: Course = {
      _id: newId(),
      ...facts,
      createdAt: now,
      updatedAt: now,
      topicIds: [],
      revision: 0,
      mediaRevision: 0,
      ...derivedOfCourse(facts),
    };
    const place = { ownerId: course._id };
    const { thumbnail, introVideo } = uploads;
    const files = given({
      thumbnail: thumbnail && { slot: 'COURSE_THUMBNAIL' as const, place, open: () => thumbnail.open() },
      introVideo: introVideo && { slot: 'COURSE_INTRO_VIDEO' as const, place, open: () => introVideo.open() },
    });
    await this.lifeCycle.create(files, context.signal, async (stored) => {
      Object.assign(course, given(stored));
      await CourseModel.create(course);
    });
    return course;
  }

  async update(context: CatalogContext, id: string, input: UpdateCourseInput): Promise<Course> {
    for (let attempt = 0; attempt < MAX_UPDATE_ATTEMPTS; attempt++) {
      const course = await courseForWriting(context, id);
      const instructorId = trimmed(input.instructorId);
      if (instructorId !== undefined) requireMayNameInstructor(context.viewer, instructorId, course.instructorId);
      const change = changeOf({
        title: trimmed(input.title),
        description: clearable(input.description),
        category: clearable(input.category),
        level: input.level,
        instructorId,
        status: input.status ?? undefined,
      });
      const facts = { ...omit(course, Object.keys(change.$unset)), ...change.$set } as Course;
      const updated = await CourseModel.findOneAndUpdate(
        { _id: id, revision: course.revision, deletedAt: { $exists: false } },
        {
          $set: { ...change.$set, ...derivedOfCourse(facts), updatedAt: new Date() },
          $unset: change.$unset,
          $inc: { revision: 1 },
        },
        { returnDocument: 'after' },
      ).lean<Course>();
      courseById(context).clear(id);
      if (updated) return updated;
    }
    throw new LecternError('CONFLICT');
  }

  async delete(context: CatalogContext, id: string): Promise<string> {
    const course = await courseForWriting(context, id);
    if (!(await this.removal.course(id, course))) throw new LecternError('NOT_FOUND');
    courseById(context).clear(id);
    return id;
  }

  /** Stores a new file in one of the course's slots. */
  async upload(
    context: CatalogContext,
    id: string,
    slot: 'COURSE_THUMBNAIL' | 'COURSE_INTRO_VIDEO',
    upload: Upload,
  ): Promise<Course> {
    await courseForWriting(context, id);
    await this.lifeCycle.replace({ slot, place: { ownerId: id }, open: () => upload.open() }, context.signal);
    return this.reread(context, id);
  }

  async reorderTopics(context: CatalogContext, id: string, topicIds: readonly string[]): Promise<Course> {
    const course = await courseForWriting(context, id);
    const living = await this.livingTopics(id);
    const order = reordered(course.topicIds, living, topicIds, 'topicIds');
    const { matchedCount } = await CourseModel.updateOne(
      { _id: id, topicIds: course.topicIds, deletedAt: { $exists: false } },
      { $set: { topicIds: order, updatedAt: new Date() } },
    );
    requireReordered(matchedCount);
    return this.reread(context, id);
  }

  private async reread(context: CatalogContext, id: string): Promise<Course> {
    const course = await courseById(context).clear(id).load(id);
    if (!course) throw new LecternError('NOT_FOUND');
    return course;
  }
}

function listFilter(filter: CourseFilter | null | undefined): CourseListFilter {
  if (!filter) return {};
  const { level, status } = filter;
  return given({ category: trimmed(filter.category), instructorId: trimmed(filter.instructorId), level, status });
}

function omit(course: Course, fields: readonly string[]): Partial<Course> {
  return Object.fromEntries(Object.entries(course).filter(([field]) => !fields.includes(field)));
}
