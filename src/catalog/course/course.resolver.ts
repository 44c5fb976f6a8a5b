import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { URL_COST } from '../../graphql/cost.js';
import { pathsOfItems, Reads } from '../../graphql/selection.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import { readForUrl, type SignedUrls } from '../../media/signed-urls.js';
import type { CatalogContext } from '../context.js';
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

  @Query(() => Course, {
    nullable: true,
    description: 'The course with this id. Null when it does not exist or you may not see it.',
  })
  course(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Course | null> {
    return this.service.find(context, id);
  }

  @Query(() => CourseConnection, {
    complexity: courseListPrice,
    description:
      'The courses that you may see: everyone sees published courses, instructors also their own, admins all.',
  })
  courses(
    @Ctx() context: CatalogContext,
    @Args(() => CourseListArgs) args: CourseListArgs,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Course>> {
    return this.service.list(context, args, pathsOfItems(info));
  }

  @Mutation(() => Course, {
    description:
      'Creates a course, with or without files. When a file is refused, nothing is created. For instructors and admins.',
  })
  createCourse(
    @Ctx() context: CatalogContext,
    @Arg('input', () => CreateCourseInput) input: CreateCourseInput,
    @Arg('thumbnail', () => GraphQLUpload, { nullable: true }) thumbnail?: Upload | null,
    @Arg('introVideo', () => GraphQLUpload, { nullable: true }) introVideo?: Upload | null,
  ): Promise<Course> {
    return this.service.create(context, input, { thumbnail, introVideo });
  }

  @Mutation(() => Course, {
    description: 'Changes fields of a course. Files are changed by other mutations, such as `uploadCourseThumbnail`.',
  })
  updateCourse(
    @Ctx() context: CatalogContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateCourseInput) input: UpdateCourseInput,
  ): Promise<Course> {
    return this.service.update(context, id, input);
  }

  @Mutation(() => ID, {
    description: 'Deletes a course with its topics, videos and all their files. Returns its id. This cannot be undone.',
  })
  deleteCourse(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Mutation(() => Course, {
    description: 'Sets the picture of a course: JPEG, PNG, WebP, AVIF or GIF. A previous picture is deleted.',
  })
  uploadCourseThumbnail(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Course> {
    return this.service.upload(context, courseId, 'COURSE_THUMBNAIL', file);
  }

  @Mutation(() => Course, {
    description:
      'Sets the intro video of a course: MP4, WebM, QuickTime or Matroska. A previous intro video is deleted.',
  })
  uploadCourseIntroVideo(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Course> {
    return this.service.upload(context, courseId, 'COURSE_INTRO_VIDEO', file);
  }

  @Mutation(() => Course, {
    description:
      'Sets the order of the topics of a course. Send the ids of all its topics, each once. If they are not the ' +
      'present ids, the error is CONFLICT: read the list again.',
  })
  reorderTopics(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('topicIds', () => [ID]) topicIds: string[],
  ): Promise<Course> {
    return this.service.reorderTopics(context, courseId, topicIds);
  }

  @Reads(...readForUrl('thumbnail'))
  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'Same as `thumbnail { url }`. Null when there is no thumbnail.',
  })
  thumbnailUrl(@Root() course: Course): string | null | Promise<string> {
    return course.thumbnail ? this.signedUrls.urlOf(course.thumbnail) : null;
  }

  @Reads(...readForUrl('introVideo'))
  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'Same as `introVideo { url }`. Null when there is no intro video.',
  })
  introVideoUrl(@Root() course: Course): string | null | Promise<string> {
    return course.introVideo ? this.signedUrls.urlOf(course.introVideo) : null;
  }
}
