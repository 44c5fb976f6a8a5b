import type { MediaFile } from '../media/media-file.model.js';
import { requireImageViewer, requirePlayer } from './access.js';
import type { CatalogContext } from './context.js';
import type { CourseService } from './course/course.service.js';
import type { ImageService } from './image/image.service.js';
import type { VideoService } from './video/video.service.js';

/**
 * Finds the files of permalinks, under the access rules of the GraphQL fields.
 * Every method returns null when there is no such file, or when the viewer may not see it.
 */
export class FileFinder {
  constructor(
    private readonly courses: CourseService,
    private readonly videos: VideoService,
    private readonly images: ImageService,
  ) {}

  /** Throws UNAUTHENTICATED when the viewer may see the video but has to sign in to play it. */
  async videoFile(context: CatalogContext, videoId: string): Promise<MediaFile | null> {
    const video = await this.videos.find(context, videoId);
    if (video) requirePlayer(context.viewer, video);
    return video?.file ?? null;
  }

  async videoThumbnail(context: CatalogContext, videoId: string): Promise<MediaFile | null> {
    return (await this.videos.find(context, videoId))?.thumbnail ?? null;
  }

  /**
   * Throws UNAUTHENTICATED when nobody is signed in.
   * @param idOrKey The id of the image, or the object key of its file.
   */
  async image(context: CatalogContext, idOrKey: string): Promise<MediaFile | null> {
    requireImageViewer(context.viewer);
    const [prefix, ownerId] = idOrKey.split('/');
    if (ownerId === undefined) return (await this.images.find(context, idOrKey))?.file ?? null;
    const image = prefix === 'images' ? await this.images.find(context, ownerId) : null;
    return image?.file.key === idOrKey ? image.file : null;
  }

  async courseThumbnail(context: CatalogContext, courseId: string): Promise<MediaFile | null> {
    return (await this.courses.find(context, courseId))?.thumbnail ?? null;
  }

  async courseIntroVideo(context: CatalogContext, courseId: string): Promise<MediaFile | null> {
    return (await this.courses.find(context, courseId))?.introVideo ?? null;
  }
}
