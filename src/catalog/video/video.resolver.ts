import { Arg, Ctx, FieldResolver, Float, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { URL_COST } from '../../graphql/cost.js';
import { Reads } from '../../graphql/selection.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import { MediaFile } from '../../media/media-file.model.js';
import { readForUrl, type SignedUrls } from '../../media/signed-urls.js';
import type { CatalogContext } from '../context.js';
import { CreateVideoInput, UpdateVideoInput } from './video.inputs.js';
import { Video } from './video.model.js';
import type { VideoService } from './video.service.js';

@Resolver(() => Video)
export class VideoResolver {
  constructor(
    private readonly service: VideoService,
    private readonly signedUrls: SignedUrls,
  ) {}

  @Query(() => Video, {
    nullable: true,
    description: 'The video with this id. Null when it does not exist or you may not see its course.',
  })
  video(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Video | null> {
    return this.service.find(context, id);
  }

  @Mutation(() => Video, {
    description:
      'Adds a video at the end of a topic, with or without files. When a file is refused, no video is added.',
  })
  createVideo(
    @Ctx() context: CatalogContext,
    @Arg('topicId', () => ID) topicId: string,
    @Arg('input', () => CreateVideoInput) input: CreateVideoInput,
    @Arg('file', () => GraphQLUpload, { nullable: true }) file?: Upload | null,
    @Arg('thumbnail', () => GraphQLUpload, { nullable: true }) thumbnail?: Upload | null,
  ): Promise<Video> {
    return this.service.create(context, topicId, input, { file, thumbnail });
  }

  @Mutation(() => Video, {
    description: 'Adds a video at the end of a topic. Its title is the name of the file, without the extension.',
  })
  uploadVideo(
    @Ctx() context: CatalogContext,
    @Arg('topicId', () => ID) topicId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Video> {
    return this.service.createFromFile(context, topicId, file);
  }

  @Mutation(() => Video, {
    description: 'Changes fields of a video. Files are changed by other mutations, such as `replaceVideoFile`.',
  })
  updateVideo(
    @Ctx() context: CatalogContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateVideoInput) input: UpdateVideoInput,
  ): Promise<Video> {
    return this.service.update(context, id, input);
  }

  @Mutation(() => ID, {
    description: 'Deletes a video with all its files. Returns its id. This cannot be undone.',
  })
  deleteVideo(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Mutation(() => Video, {
    description:
      'Sets the file of a video. A previous file stays readable for a time that the server sets, and is then deleted.',
  })
  replaceVideoFile(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Video> {
    return this.service.upload(context, videoId, 'VIDEO_FILE', file);
  }

  @Mutation(() => Video, {
    description: 'Sets the still picture of a video: JPEG, PNG, WebP, AVIF or GIF. A previous picture is deleted.',
  })
  uploadVideoThumbnail(
    @Ctx() context: CatalogContext,
    @Arg('videoId', () => ID) videoId: string,
    @Arg('file', () => GraphQLUpload) file: Upload,
  ): Promise<Video> {
    return this.service.upload(context, videoId, 'VIDEO_THUMBNAIL', file);
  }

  @Reads('isPreview', 'file')
  @FieldResolver(() => MediaFile, {
    nullable: true,
    description: 'The file to play. Null when there is none yet, or when you have to sign in to play it (`isLocked`).',
  })
  file(@Ctx() context: CatalogContext, @Root() video: Video): MediaFile | null {
    return this.service.playable(context, video)?.file ?? null;
  }

  @Reads('isPreview', ...readForUrl('file'))
  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'Same as `file { url }`. Null when `file` is null.',
  })
  videoUrl(@Ctx() context: CatalogContext, @Root() video: Video): string | null | Promise<string> {
    const file = this.file(context, video);
    return file && this.signedUrls.urlOf(file);
  }

  @Reads('durationSeconds', 'file.durationSeconds')
  @FieldResolver(() => Float, {
    nullable: true,
    description:
      'Playing time in seconds: what the author has set, otherwise that of the file. Null when it is not known.',
  })
  durationSeconds(@Root() video: Video): number | null {
    return video.durationSeconds ?? video.file?.durationSeconds ?? null;
  }

  @Reads('file.contentType')
  @FieldResolver(() => Boolean, {
    description: 'Whether the file has sound only: play it with `<audio>`. False when there is no file yet.',
  })
  isAudio(@Root() video: Video): boolean {
    return video.file?.contentType.startsWith('audio/') ?? false;
  }

  @Reads('isPreview')
  @FieldResolver(() => Boolean, {
    description: 'Whether you have to sign in to play the video. Then `file`, `captions` and `resources` are null.',
  })
  isLocked(@Ctx() context: CatalogContext, @Root() video: Video): boolean {
    return this.service.playable(context, video) === null;
  }

  @Reads(...readForUrl('thumbnail'))
  @FieldResolver(() => String, {
    nullable: true,
    complexity: URL_COST,
    description: 'Same as `thumbnail { url }`. Null when there is no thumbnail.',
  })
  thumbnailUrl(@Root() video: Video): string | null | Promise<string> {
    return video.thumbnail ? this.signedUrls.urlOf(video.thumbnail) : null;
  }
}
