import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import type { CatalogContext } from '../context.js';
import { Course } from '../course/course.model.js';
import { WRITE_ERRORS } from '../described-errors.js';
import { CreateTopicInput, UpdateTopicInput } from './topic.inputs.js';
import { topicCounts, topicPages } from './topic.loader.js';
import { Topic } from './topic.model.js';
import type { TopicService } from './topic.service.js';

const TopicConnection = connectionType('Topic', () => Topic);

@Resolver(() => Topic)
export class TopicResolver {
  constructor(private readonly service: TopicService) {}

  @Query(() => Topic, { nullable: true, description: 'A topic, or null when there is none that you may see.' })
  topic(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Topic | null> {
    return this.service.find(context, id);
  }

  @Mutation(() => Topic, {
    description: `Adds a topic at the end of a course. ${WRITE_ERRORS}`,
  })
  createTopic(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('input', () => CreateTopicInput) input: CreateTopicInput,
  ): Promise<Topic> {
    return this.service.create(context, courseId, input);
  }

  @Mutation(() => Topic, { description: `Changes a topic. ${WRITE_ERRORS}` })
  updateTopic(
    @Ctx() context: CatalogContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateTopicInput) input: UpdateTopicInput,
  ): Promise<Topic> {
    return this.service.update(context, id, input);
  }

  @Mutation(() => ID, {
    description: 'Deletes a topic with its videos and all their files. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.',
  })
  deleteTopic(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Mutation(() => Topic, {
    description:
      'Puts the videos of a topic in the order given: all of their ids, each once. CONFLICT when that is not the list ' +
      `that there is now. ${WRITE_ERRORS}`,
  })
  reorderVideos(
    @Ctx() context: CatalogContext,
    @Arg('topicId', () => ID) topicId: string,
    @Arg('videoIds', () => [ID]) videoIds: string[],
  ): Promise<Topic> {
    return this.service.reorderVideos(context, topicId, videoIds);
  }
}

@Resolver(() => Course)
export class CourseTopicsResolver {
  @FieldResolver(() => TopicConnection, { description: 'The topics in the order of the course.' })
  topics(
    @Ctx() context: CatalogContext,
    @Root() course: Course,
    @Arg('first', () => Int, { nullable: true, description: 'How many, 20 when absent, at most 100.' })
    first?: number | null,
    @Arg('after', () => String, { nullable: true, description: 'The cursor after which the page begins.' })
    after?: string | null,
  ): Promise<Connection<Topic>> {
    const count = (): Promise<number> => topicCounts(context).load(course._id);
    return topicPages(context)({ ids: course.topicIds, first, after, count });
  }
}
