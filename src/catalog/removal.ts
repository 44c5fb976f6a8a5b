import { endedWithin } from '../media/ended-within.js';
import type { JournalledObject } from '../media/journal/journal.js';
import type { LifeCycle } from '../media/life-cycle.js';
import type { MediaFile } from '../media/media-file.model.js';
import type { Telemetry } from '../telemetry.js';
import { CourseModel, type Course } from './course/course.model.js';
import { ImageModel, type Image } from './image/image.model.js';
import { TopicModel, type Topic } from './topic/topic.model.js';
import { VideoModel, type Video } from './video/video.model.js';

/** How many records are taken in hand at once. */
const BATCH = 100;
/** How long a tombstone stays, in milliseconds: longer than any request that still knows its record. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1_000;

/** How long a deletion waits for its cascade, in milliseconds. */
const CASCADE_WITHIN_MS = 10_000;

/** The living, as a filter. */
const ALIVE = { deletedAt: { $exists: false } };

/** What each record has that can be deleted. */
interface Tombstone {
  readonly _id: string;
  readonly deletedAt?: Date;
}

/**
 * The cascade. A record is marked as deleted in one update, and from then on it and all below it are gone for readers;
 * then its children are marked and its files released. Every step can be repeated, and `finish` does, after a crash.
 */
export class Removal {
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly telemetry: Telemetry,
  ) {}

  /** Deletes a course with all below it. False when there was no such living course. */
  async course(id: string): Promise<boolean> {
    const course = await this.mark(id, markCourse);
    if (course) await this.cascade(this.finishCourse(course));
    return course !== null;
  }

  /** Deletes a topic with all below it. False when there was no such living topic. */
  async topic(id: string): Promise<boolean> {
    const topic = await this.mark(id, markTopic);
    if (topic) await this.cascade(this.finishTopic(topic));
    return topic !== null;
  }

  /** Deletes a video with its files. False when there was no such living video. */
  async video(id: string): Promise<boolean> {
    const video = await this.mark(id, markVideo);
    if (video) await this.cascade(this.finishVideo(video));
    return video !== null;
  }

  /** Deletes an image with its file. False when there was no such living image. */
  async image(id: string): Promise<boolean> {
    const image = await this.mark(id, markImage);
    if (image) await this.cascade(this.finishImage(image));
    return image !== null;
  }

  /** Goes through all tombstones, parents first, and does what an interrupted cascade left; old ones are removed. */
  async finish(now: Date): Promise<void> {
    const old = new Date(now.getTime() - TOMBSTONE_MS);
    await this.each(
      (after) => CourseModel.find(tombstones(after)).sort({ _id: 1 }).limit(BATCH).lean<Course[]>(),
      (course) => this.finishCourse(course),
    );
    await this.each(
      (after) => TopicModel.find(tombstones(after)).sort({ _id: 1 }).limit(BATCH).lean<Topic[]>(),
      (topic) => this.finishTopic(topic),
    );
    await this.each(
      (after) => VideoModel.find(tombstones(after)).sort({ _id: 1 }).limit(BATCH).lean<Video[]>(),
      (video) => this.finishVideo(video),
    );
    await this.each(
      (after) => ImageModel.find(tombstones(after)).sort({ _id: 1 }).limit(BATCH).lean<Image[]>(),
      (image) => this.finishImage(image),
    );
    // All that is below them was found and taken in hand just now. Children go before their parents.
    const filter = { deletedAt: { $lte: old } };
    await ImageModel.deleteMany(filter);
    await VideoModel.deleteMany(filter);
    await TopicModel.deleteMany(filter);
    await CourseModel.deleteMany(filter);
  }

  /** The moment of truth of a deletion: null when there is no such living record. */
  private mark<T>(id: string, mark: (id: string) => Promise<T | null>): Promise<T | null> {
    return this.telemetry.step('mark', { id }, () => mark(id));
  }

  /** What is marked is deleted: a cascade that fails or takes long holds up no answer. The sweeper finishes it. */
  private async cascade(finishing: Promise<void>): Promise<void> {
    const left = (error: unknown): void => {
      this.telemetry.logger.warn({ err: error }, 'left the rest of a deletion to the sweeper');
    };
    await endedWithin(CASCADE_WITHIN_MS, finishing.catch(left));
  }

  private async each<T extends Tombstone>(
    read: (after: string) => Promise<T[]>,
    finish: (tombstone: T) => Promise<void>,
  ): Promise<void> {
    for (let after = ''; ;) {
      const found = await read(after);
      for (const tombstone of found) await finish(tombstone);
      const last = found.at(-1);
      if (!last || found.length < BATCH) return;
      after = last._id;
    }
  }

  private async finishCourse(course: Course): Promise<void> {
    const { _id: id } = course;
    for (;;) {
      const topics = await TopicModel.find({ courseId: id, ...ALIVE }, { _id: 1 })
        .limit(BATCH)
        .lean();
      if (topics.length === 0) break;
      for (const { _id } of topics) {
        const topic = await this.mark(_id, markTopic);
        if (topic) await this.finishTopic(topic);
      }
    }
    const files = filesOf(id, [course.thumbnail, course.introVideo]);
    if (files.length === 0) return;
    await this.lifeCycle.release(files);
    await CourseModel.updateOne({ _id: id }, { $unset: { thumbnail: 1, introVideo: 1 } });
  }

  private async finishTopic({ _id: id, courseId }: Topic): Promise<void> {
    await CourseModel.updateOne({ _id: courseId, topicIds: id }, { $pull: { topicIds: id } });
    for (;;) {
      const videos = await VideoModel.find({ topicId: id, ...ALIVE }, { _id: 1 })
        .limit(BATCH)
        .lean();
      if (videos.length === 0) return;
      for (const { _id } of videos) {
        const video = await this.mark(_id, markVideo);
        if (video) await this.finishVideo(video);
      }
    }
  }

  private async finishVideo(video: Video): Promise<void> {
    const { _id: id, topicId, file, thumbnail, captions = [], resources = [] } = video;
    await TopicModel.updateOne({ _id: topicId, videoIds: id }, { $pull: { videoIds: id } });
    const files = filesOf(id, [file, thumbnail, ...[...captions, ...resources].map((item) => item.file)]);
    if (files.length === 0) return;
    await this.lifeCycle.release(files);
    await VideoModel.updateOne({ _id: id }, { $unset: { file: 1, thumbnail: 1, captions: 1, resources: 1 } });
  }

  private async finishImage(image: Image): Promise<void> {
    const files = filesOf(image._id, [image.file]);
    if (files.length === 0) return;
    await this.lifeCycle.release(files);
    await ImageModel.updateOne({ _id: image._id }, { $unset: { file: 1 } });
  }
}

/** Tombstones behind an id, in the order of ids. */
function tombstones(after: string): { deletedAt: { $exists: true }; _id: { $gt: string } } {
  return { deletedAt: { $exists: true }, _id: { $gt: after } };
}

function filesOf(ownerId: string, files: readonly (MediaFile | undefined)[]): JournalledObject[] {
  return files
    .filter((file) => file !== undefined)
    .map(({ storage, key, slot }) => ({ storage, key, slot, place: { ownerId } }));
}

function markCourse(id: string): Promise<Course | null> {
  return CourseModel.findOneAndUpdate(
    { _id: id, ...ALIVE },
    { $set: { deletedAt: new Date(), listKeys: [] }, $inc: { mediaRevision: 1 } },
    { returnDocument: 'after' },
  ).lean<Course>();
}

function markTopic(id: string): Promise<Topic | null> {
  return TopicModel.findOneAndUpdate(
    { _id: id, ...ALIVE },
    { $set: { deletedAt: new Date() } },
    { returnDocument: 'after' },
  ).lean<Topic>();
}

function markVideo(id: string): Promise<Video | null> {
  return VideoModel.findOneAndUpdate(
    { _id: id, ...ALIVE },
    { $set: { deletedAt: new Date() }, $inc: { mediaRevision: 1 } },
    { returnDocument: 'after' },
  ).lean<Video>();
}

function markImage(id: string): Promise<Image | null> {
  return ImageModel.findOneAndUpdate(
    { _id: id, ...ALIVE },
    { $set: { deletedAt: new Date(), listKeys: [] }, $inc: { mediaRevision: 1 } },
    { returnDocument: 'after' },
  ).lean<Image>();
}
