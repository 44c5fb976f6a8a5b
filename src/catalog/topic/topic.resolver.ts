import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { pathsOfItems, Reads } from '../../graphql/selection.js';
import type { CatalogContext } from '../context.js';
import { Course } from '../course/course.model.js';
import { CreateTopicInput, UpdateTopicInput } from './topic.inputs.js';
import { topicCounts, topicPages } from './topic.loader.js';
import { Topic } from './topic.model.js';
import type { TopicService } from './topic.service.js';

const TopicConnection = connectionType('Topic', () => Topic);

@Resolver(() => Topic)
export class TopicResolver {
  constructor(private readonly service: TopicService) {}

  @Query(() => Topic, {
    nullable: true,
    description: 'The topic with this id. Null when it does not exist or you may not see its course.',
  })
  topic(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Topic | null> {
    return this.service.find(context, id);
  }

  @Mutation(() => Topic, {
    description: 'Adds a topic at the end of a course.',
  })
  createTopic(
    @Ctx() context: CatalogContext,
    @Arg('courseId', () => ID) courseId: string,
    @Arg('input', () => CreateTopicInput) input: CreateTopicInput,
  ): Promise<Topic> {
    return this.service.create(context, courseId, input);
  }

  @Mutation(() => Topic, { description: 'Changes fields of a topic.' })
  updateTopic(
    @Ctx() context: CatalogContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateTopicInput) input: UpdateTopicInput,
  ): Promise<Topic> {
    return this.service.update(context, id, input);
  }

  @Mutation(() => ID, {
    description: 'Deletes a topic with its videos and all their files. Returns its id. This cannot be undone.',
  })
  deleteTopic(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Mutation(() => Topic, {
    description:
      'Sets the order of the videos of a topic. Send the ids of all its videos, each once. If they are not the ' +
      'present ids, the error is CONFLICT: read the list again.',
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
  @Reads('topicIds')
  @FieldResolver(() => TopicConnection, { description: 'The topics in the order of the course.' })
  topics(
    @Ctx() context: CatalogContext,
    @Root() course: Course,
    @Info() info: GraphQLResolveInfo,
    @Arg('first', () => Int, { nullable: true, description: 'The page size: at most 100, 20 when absent.' })
    first?: number | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `endCursor` of the previous page. The first page when absent.',
    })
    after?: string | null,
  ): Promise<Connection<Topic>> {
    const count = (): Promise<number> => topicCounts(context).load(course._id);
    return topicPages(context)({ ids: course.topicIds, first, after, count, paths: pathsOfItems(info) });
  }
}
