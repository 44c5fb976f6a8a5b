import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import type { CatalogContext } from '../context.js';
import { courseById, courseForWriting } from '../course/course.loader.js';
import { CourseModel } from '../course/course.model.js';
import { changeOf, clearable, given, trimmed } from '../input-values.js';
import { insertInOrder } from '../insert-in-order.js';
import type { Removal } from '../removal.js';
import { reordered, requireReordered } from '../reorder.js';
import type { CreateTopicInput, UpdateTopicInput } from './topic.inputs.js';
import { topicById, topicForReading, topicForWriting } from './topic.loader.js';
import { TopicModel, type Topic } from './topic.model.js';

const ALIVE = { deletedAt: { $exists: false } };

export class TopicService {
  constructor(
    private readonly removal: Removal,
    /** Returns the ids of a topic's videos. Passed in, because this folder may not import `video/`. */
    private readonly livingVideos: (topicId: string) => Promise<string[]>,
  ) {}

  /** Returns null when the topic does not exist or the viewer may not see its course. */
  find(context: CatalogContext, id: string): Promise<Topic | null> {
    return topicForReading(context, id);
  }

  async create(context: CatalogContext, courseId: string, input: CreateTopicInput): Promise<Topic> {
    await courseForWriting(context, courseId);
    const now = new Date();
    const topic: Topic = {
      _id: newId(),
      courseId,
      title: input.title.trim(),
      ...given({ description: trimmed(input.description) }),
      createdAt: now,
      updatedAt: now,
      videoIds: [],
      mediaRevision: 0,
    };
    // Adds the id to the order before the topic is inserted: readers skip an id without a topic, but would never find a
    // topic whose id is not in the order.
    const { matchedCount } = await CourseModel.updateOne(
      { _id: courseId, deletedAt: { $exists: false } },
      { $addToSet: { topicIds: topic._id } },
    );
    if (matchedCount === 0) throw new LecternError('NOT_FOUND');
    await insertInOrder({
      insert: () => TopicModel.create(topic),
      exists: () => TopicModel.exists({ _id: topic._id, ...ALIVE }).exec(),
      leaveOrder: () => CourseModel.updateOne({ _id: courseId }, { $pull: { topicIds: topic._id } }).exec(),
    });
    const course = await CourseModel.findById(courseId, { deletedAt: 1 }).lean();
    if (!course || course.deletedAt) {
      await this.removal.topic(topic._id);
      throw new LecternError('NOT_FOUND');
    }
    return topic;
  }

  async update(context: CatalogContext, id: string, input: UpdateTopicInput): Promise<Topic> {
    await topicForWriting(context, id);
    const change = changeOf({ title: trimmed(input.title), description: clearable(input.description) });
    const updated = await TopicModel.findOneAndUpdate(
      { _id: id, ...ALIVE },
      { $set: { ...change.$set, updatedAt: new Date() }, $unset: change.$unset },
      { returnDocument: 'after' },
    ).lean<Topic>();
    topicById(context).clear(id);
    if (!updated) throw new LecternError('NOT_FOUND');
    return updated;
  }

  async delete(context: CatalogContext, id: string): Promise<string> {
    const topic = await topicForWriting(context, id);
    if (!(await this.removal.topic(id, topic))) throw new LecternError('NOT_FOUND');
    topicById(context).clear(id);
    courseById(context).clear(topic.courseId);
    return id;
  }

  async reorderVideos(context: CatalogContext, id: string, videoIds: readonly string[]): Promise<Topic> {
    const topic = await topicForWriting(context, id);
    const order = reordered(topic.videoIds, await this.livingVideos(id), videoIds, 'videoIds');
    const updated = await TopicModel.findOneAndUpdate(
      { _id: id, videoIds: topic.videoIds, ...ALIVE },
      { $set: { videoIds: order, updatedAt: new Date() } },
      { returnDocument: 'after' },
    ).lean<Topic>();
    topicById(context).clear(id);
    requireReordered(updated ? 1 : 0);
    return updated as Topic;
  }
}

/** Returns the ids of a course's topics, without deleted ones, in any order. */
export async function livingTopics(courseId: string): Promise<string[]> {
  const topics = await TopicModel.find({ courseId, ...ALIVE }, { _id: 1 }).lean();
  return topics.map((topic) => topic._id);
}
