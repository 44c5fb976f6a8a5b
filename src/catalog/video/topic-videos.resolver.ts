import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Info, Int, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { pathsOfItems, Reads } from '../../graphql/selection.js';
import type { CatalogContext } from '../context.js';
import { Topic } from '../topic/topic.model.js';
import { videoCounts, videoPages } from './video.loader.js';
import { Video } from './video.model.js';

const VideoConnection = connectionType('Video', () => Video);

@Resolver(() => Topic)
export class TopicVideosResolver {
  @Reads('videoIds')
  @FieldResolver(() => VideoConnection, { description: 'The videos in the order of the topic.' })
  videos(
    @Ctx() context: CatalogContext,
    @Root() topic: Topic,
    @Info() info: GraphQLResolveInfo,
    @Arg('first', () => Int, { nullable: true, description: 'The page size: at most 100, 20 when absent.' })
    first?: number | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `endCursor` of the previous page. The first page when absent.',
    })
    after?: string | null,
  ): Promise<Connection<Video>> {
    const count = (): Promise<number> => videoCounts(context).load(topic._id);
    return videoPages(context)({ ids: topic.videoIds, first, after, count, paths: pathsOfItems(info) });
  }
}
