import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { wholeList } from '../../graphql/cost.js';
import { Reads } from '../../graphql/selection.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import type { CatalogContext } from '../context.js';
import { Caption } from './caption.model.js';
import { Resource } from './resource.model.js';
import { AddCaptionInput, AddResourceInput } from './video.inputs.js';
import { Video } from './video.model.js';
import type { VideoService } from './video.service.js';

/** The captions and resources of a video. Only viewers who may play the video get them. */
@Resolver(() => Video)
export class VideoItemsResolver {
  constructor(private readonly service: VideoService) {}

  @Reads('isPreview', 'captions')
  @FieldResolver(() => [Caption], {
    nullable: true,
    complexity: wholeList,
    description:
      'Text tracks: subtitles, captions, chapters. Null when you have to sign in to play the video (`isLocked`).',
  })
  captions(@Ctx() context: CatalogContext, @Root() video: Video): readonly Caption[] | null {
    return this.service.playable(context, video)?.captions ?? null;
  }

  @Reads('isPreview', 'resources')
  @FieldResolver(() => [Resource], {
    nullable: true,
    complexity: wholeList,
    description: 'Files to download. Null when you have to sign in to play the video (`isLocked`).',
  })
  resources(@Ctx() context: CatalogContext, @Root() video: Video): readonly Resource[] | null {
    return this.service.playable(context, video)?.resources ?? null;
  }

  @Mutation(() => Video, {
    description: 'Adds a text track: a WebVTT or SubRip file, which is stored as WebVTT. A video has at most 100.',
  })
  addVideoCaption(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
    @Arg('input', () => AddCaptionInput) input: AddCaptionInput,
  ): Promise<Video> {
    return this.service.addCaption(context, videoId, file, input);
  }

  @Mutation(() => Video, {
    description: 'Deletes a text track with its file.',
  })
  deleteVideoCaption(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('captionId', () => ID) captionId: string,
  ): Promise<Video> {
    return this.service.deleteItem(context, videoId, 'VIDEO_CAPTION', captionId);
  }

  @Mutation(() => Video, {
    description:
      'Adds a file to download: a document (PDF, Office, EPUB, ZIP), text in UTF-8, an image, a video or sound. ' +
      'A video has at most 100.',
  })
  addVideoResource(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
    @Arg('input', () => AddResourceInput, { nullable: true }) input?: AddResourceInput | null,
  ): Promise<Video> {
    return this.service.addResource(context, videoId, file, input);
  }

  @Mutation(() => Video, {
    description: 'Deletes a file to download.',
  })
  deleteVideoResource(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('resourceId', () => ID) resourceId: string,
  ): Promise<Video> {
    return this.service.deleteItem(context, videoId, 'VIDEO_RESOURCE', resourceId);
  }
}

@Resolver(() => Resource)
export class ResourceResolver {
  @FieldResolver(() => String, { description: 'The title that the author has set, otherwise the name of the file.' })
  title(@Root() resource: Resource): string {
    return resource.title ?? resource.file.filename;
  }
}
