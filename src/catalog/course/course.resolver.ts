import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { URL_COST } from '../../graphql/cost.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import type { SignedUrls } from '../../media/signed-urls.js';
import type { CatalogContext } from '../context.js';
import { UPLOAD_ERRORS, WRITE_ERRORS } from '../described-errors.js';
import { courseListPrice } from './course-search.js';
import { CourseListArgs, CreateCourseInput, UpdateCourseInput } from './course.inputs.js';
import { Course } from './course.model.js';
import type { CourseService } from './course.service.js';

const CourseConnection = connectionType('Course', () => Course);

@Resolver(() => Course)
export class CourseResolver {
  constructor(
    private readonly service: CourseService,
    private readonly signedUrls: SignedUrls,
  ) {}

  @Query(() => Course, { nullable: true, description: 'A course, or null when there is none that you may see.' })
  course(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Course | null> {
    return this.service.find(context, id);
  }

  @Query(() => CourseConnection, {
    complexity: courseListPrice,
    description: 'The courses that you may see: the published ones, your own, and all for admins.',
  })
  courses(
    @Ctx() context: CatalogContext,
    @Args(() => CourseListArgs) args: CourseListArgs,
  ): Promise<Connection<Course>> {
    return this.service.list(context, args);
  }

  @Mutation(() => Course, {
    description: `Makes a course, with its files or without: all or nothing. ${UPLOAD_ERRORS}`,
  })
  createCourse(
    @Ctx() context: CatalogContext,
    @Arg('input', () => CreateCourseInput) input: CreateCourseInput,
    @Arg('thumbnail', () => GraphQLUpload, { nullable: true }) thumbnail?: Upload | null,
    @Arg('introVideo', () => GraphQLUpload, { nullable: true }) introVideo?: Upload | null,
  ): Promise<Course> {
    return this.service.create(context, input, { thumbnail, introVideo });
  }

  @Mutation(() => Course, { description: `Changes a course. ${WRITE_ERRORS}` })
  updateCourse(
    @Ctx() context: CatalogContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateCourseInput) input: UpdateCourseInput,
  ): Promise<Course> {
    return this.service.update(context, id, input);
  }

  @Mutation(() => ID, {
    description:
      'Deletes a course with its topics, videos and all their files. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.',
  })
  deleteCourse(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Mutation(() => Course, { description: `Replaces the picture of a course. ${UPLOAD_ERRORS}` })
  uploadCourseThumbnail(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Course> {
    return this.service.upload(context, courseId, 'COURSE_THUMBNAIL', file);
  }

  @Mutation(() => Course, { description: `Replaces the intro video of a course. ${UPLOAD_ERRORS}` })
  uploadCourseIntroVideo(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Course> {
    return this.service.upload(context, courseId, 'COURSE_INTRO_VIDEO', file);
  }

  @Mutation(() => Course, {
    description:
      'Puts the topics of a course in the order given: all of their ids, each once. CONFLICT when that is not the list ' +
      `that there is now. ${WRITE_ERRORS}`,
  })
  reorderTopics(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('topicIds', () => [ID]) topicIds: string[],
  ): Promise<Course> {
    return this.service.reorderTopics(context, courseId, topicIds);
  }

  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'The short way to `thumbnail { url }`.',
  })
  async thumbnailUrl(@Root() course: Course): Promise<string | null> {
    return course.thumbnail ? (await this.signedUrls.of(course.thumbnail)).url : null;
  }

  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'The short way to `introVideo { url }`.',
  })
  async introVideoUrl(@Root() course: Course): Promise<string | null> {
    return course.introVideo ? (await this.signedUrls.of(course.introVideo)).url : null;
  }
}
