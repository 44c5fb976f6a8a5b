import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import type { Upload } from '../../graphql/upload.js';
import type { LifeCycle } from '../../media/life-cycle.js';
import type { MediaFile } from '../../media/media-file.model.js';
import type { ItemFacts } from '../../media/slot-owner.js';
import { mayPlayVideo } from '../access.js';
import type { CatalogContext } from '../context.js';
import { CourseModel } from '../course/course.model.js';
import { TITLE_MAX } from '../input-fields.js';
import { changeOf, clearable, given, trimmed } from '../input-values.js';
import { insertInOrder } from '../insert-in-order.js';
import type { Removal } from '../removal.js';
import { topicById, topicForWriting } from '../topic/topic.loader.js';
import { TopicModel, type Topic } from '../topic/topic.model.js';
import type { Caption } from './caption.model.js';
import type { Resource } from './resource.model.js';
import { captionFacts, requireRoomForItem, resourceFacts } from './video-items.js';
import type { AddCaptionInput, AddResourceInput, CreateVideoInput, UpdateVideoInput } from './video.inputs.js';
import { videoById, videoForReading, videoForWriting } from './video.loader.js';
import { VideoModel, type Video } from './video.model.js';

export interface VideoUploads {
  readonly file?: Upload | null | undefined;
  readonly thumbnail?: Upload | null | undefined;
}

/** The files of a video that only viewers who may play it get. */
export interface PlayableFiles {
  /** Null when no file has been uploaded yet. */
  readonly file: MediaFile | null;
  readonly captions: readonly Caption[];
  readonly resources: readonly Resource[];
}

const ALIVE = { deletedAt: { $exists: false } };

export class VideoService {
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly removal: Removal,
  ) {}

  /** Returns null when the video does not exist or the viewer may not see its course. */
  find(context: CatalogContext, id: string): Promise<Video | null> {
    return videoForReading(context, id);
  }

  /** Returns the files of a video that the viewer may see. Returns null when they may not play it. */
  playable({ viewer }: Pick<CatalogContext, 'viewer'>, video: Video): PlayableFiles | null {
    if (!mayPlayVideo(viewer, video)) return null;
    const { file = null, captions = [], resources = [] } = video;
    return { file, captions, resources };
  }

  async create(
    context: CatalogContext,
    topicId: string,
    input: CreateVideoInput,
    uploads: VideoUploads,
  ): Promise<Video> {
    const video = newVideo(await topicForWriting(context, topicId), {
      title: input.title.trim(),
      ...given({ description: trimmed(input.description), durationSeconds: input.durationSeconds }),
      isPreview: input.isPreview ?? false,
    });
    return this.insert(context, video, uploads);
  }

  /** Creates a video whose title is made from the name of its file. */
  async createFromFile(context: CatalogContext, topicId: string, file: Upload): Promise<Video> {
    const video = newVideo(await topicForWriting(context, topicId), { title: '', isPreview: false });
    return this.insert(context, video, { file });
  }

  private async insert(context: CatalogContext, video: Video, uploads: VideoUploads): Promise<Video> {
    const place = { ownerId: video._id };
    const { file, thumbnail } = uploads;
    const files = given({
      file: file && { slot: 'VIDEO_FILE' as const, place, open: () => file.open() },
      thumbnail: thumbnail && { slot: 'VIDEO_THUMBNAIL' as const, place, open: () => thumbnail.open() },
    });
    await this.lifeCycle.create(files, context.signal, async (stored) => {
      await this.addToOrder(video);
      Object.assign(video, given(stored));
      if (video.title === '') video.title = titleFrom(video.file?.filename ?? '');
      await insertInOrder({
        insert: () => VideoModel.create(video),
        exists: () => VideoModel.exists({ _id: video._id, ...ALIVE }).exec(),
        leaveOrder: () => TopicModel.updateOne({ _id: video.topicId }, { $pull: { videoIds: video._id } }).exec(),
      });
    });
    await this.deleteIfOrphaned(video);
    topicById(context).clear(video.topicId);
    return video;
  }

  async update(context: CatalogContext, id: string, input: UpdateVideoInput): Promise<Video> {
    await videoForWriting(context, id);
    const change = changeOf({
      title: trimmed(input.title),
      description: clearable(input.description),
      durationSeconds: input.durationSeconds,
      isPreview: input.isPreview ?? undefined,
    });
    const updated = await VideoModel.findOneAndUpdate(
      { _id: id, ...ALIVE },
      { $set: { ...change.$set, updatedAt: new Date() }, $unset: change.$unset },
      { returnDocument: 'after' },
    ).lean<Video>();
    videoById(context).clear(id);
    if (!updated) throw new LecternError('NOT_FOUND');
    return updated;
  }

  async delete(context: CatalogContext, id: string): Promise<string> {
    const video = await videoForWriting(context, id);
    if (!(await this.removal.video(id, video))) throw new LecternError('NOT_FOUND');
    videoById(context).clear(id);
    topicById(context).clear(video.topicId);
    return id;
  }

  /** Stores a new file in one of the video's slots. */
  async upload(
    context: CatalogContext,
    id: string,
    slot: 'VIDEO_FILE' | 'VIDEO_THUMBNAIL',
    upload: Upload,
  ): Promise<Video> {
    await videoForWriting(context, id);
    await this.lifeCycle.replace({ slot, place: { ownerId: id }, open: () => upload.open() }, context.signal);
    return this.reread(context, id);
  }

  async addCaption(context: CatalogContext, id: string, file: Upload, input: AddCaptionInput): Promise<Video> {
    return this.addItem(context, id, 'VIDEO_CAPTION', file, captionFacts(input));
  }

  async addResource(
    context: CatalogContext,
    id: string,
    file: Upload,
    input: AddResourceInput | null | undefined,
  ): Promise<Video> {
    return this.addItem(context, id, 'VIDEO_RESOURCE', file, resourceFacts(input));
  }

  private async addItem(
    context: CatalogContext,
    id: string,
    slot: 'VIDEO_CAPTION' | 'VIDEO_RESOURCE',
    file: Upload,
    facts: ItemFacts,
  ): Promise<Video> {
    requireRoomForItem(slot, await videoForWriting(context, id));
    const place = { ownerId: id, itemId: newId() };
    await this.lifeCycle.replace({ slot, place, facts, open: () => file.open() }, context.signal);
    return this.reread(context, id);
  }

  /** Deletes a caption or a resource with its file. */
  async deleteItem(
    context: CatalogContext,
    id: string,
    slot: 'VIDEO_CAPTION' | 'VIDEO_RESOURCE',
    itemId: string,
  ): Promise<Video> {
    await videoForWriting(context, id);
    if (!(await this.lifeCycle.clear(slot, { ownerId: id, itemId }))) throw new LecternError('NOT_FOUND');
    return this.reread(context, id);
  }

  private async reread(context: CatalogContext, id: string): Promise<Video> {
    const video = await videoById(context).clear(id).load(id);
    if (!video) throw new LecternError('NOT_FOUND');
    return video;
  }

  /**
   * Adds the id of a new video to the topic's order. This comes before the insert: readers skip an id without a video,
   * but would never find a video whose id is not in the order.
   */
  private async addToOrder(video: Video): Promise<void> {
    const { matchedCount } = await TopicModel.updateOne(
      { _id: video.topicId, ...ALIVE },
      { $addToSet: { videoIds: video._id } },
    );
    if (matchedCount === 0) throw new LecternError('NOT_FOUND');
  }

  /**
   * Deletes a new video whose topic or course was deleted meanwhile: that deletion may have begun before the video was
   * inserted. Rejects with NOT_FOUND in that case.
   */
  private async deleteIfOrphaned(video: Video): Promise<void> {
    const [topic, course] = await Promise.all([
      TopicModel.exists({ _id: video.topicId, ...ALIVE }),
      CourseModel.exists({ _id: video.courseId, ...ALIVE }),
    ]);
    if (topic && course) return;
    await this.removal.video(video._id);
    throw new LecternError('NOT_FOUND');
  }
}

/** Returns the ids of a topic's videos, without deleted ones, in any order. */
export async function livingVideos(topicId: string): Promise<string[]> {
  const videos = await VideoModel.find({ topicId, ...ALIVE }, { _id: 1 }).lean();
  return videos.map((video) => video._id);
}

function newVideo(
  { _id: topicId, courseId }: Topic,
  facts: Pick<Video, 'title' | 'isPreview'> & Partial<Pick<Video, 'description' | 'durationSeconds'>>,
): Video {
  const now = new Date();
  return { _id: newId(), topicId, courseId, ...facts, createdAt: now, updatedAt: now, mediaRevision: 0 };
}

/** Makes a title of a file name: without the extension, with spaces instead of underscores. */
function titleFrom(filename: string): string {
  const stem = filename
    .replace(/\.[^.]*$/, '')
    .replace(/_+/g, ' ')
    .trim();
  return Array.from(stem === '' ? 'Untitled' : stem)
    .slice(0, TITLE_MAX)
    .join('');
}
