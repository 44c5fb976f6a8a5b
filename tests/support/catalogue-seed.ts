import { derivedOfCourse } from '../../src/catalog/course/course-derived.js';
import { CourseModel, type Course } from '../../src/catalog/course/course.model.js';
import { ImageModel, type Image } from '../../src/catalog/image/image.model.js';
import { TopicModel, type Topic } from '../../src/catalog/topic/topic.model.js';
import { VideoModel, type Video } from '../../src/catalog/video/video.model.js';
import { newId } from '../../src/database/ids.js';

// Inserts many records at once, with the same fields as the services write.

export type CourseSeed = Pick<Course, 'title' | 'instructorId'> &
  Partial<Pick<Course, 'description' | 'category' | 'level' | 'status' | 'createdAt' | 'topicIds'>>;

export async function insertCourses(seeds: readonly CourseSeed[]): Promise<string[]> {
  const courses = seeds.map((seed): Course => {
    const createdAt = seed.createdAt ?? new Date();
    const course = { status: 'PUBLISHED' as const, topicIds: [], ...seed, createdAt, updatedAt: createdAt };
    return {
      ...course,
      _id: newId(),
      revision: 0,
      mediaRevision: 0,
      ...derivedOfCourse(course),
    };
  });
  await inBatches(courses, (batch) => CourseModel.insertMany(batch));
  return courses.map(({ _id }) => _id);
}

/** Inserts topics of an existing course, in this order. */
export async function insertTopics(courseId: string, count: number): Promise<string[]> {
  const now = new Date();
  const topics = Array.from({ length: count }, (_, i): Topic => {
    return {
      _id: newId(),
      courseId,
      title: `Topic ${i}`,
      createdAt: now,
      updatedAt: now,
      videoIds: [],
      mediaRevision: 0,
    };
  });
  await inBatches(topics, (batch) => TopicModel.insertMany(batch));
  const topicIds = topics.map(({ _id }) => _id);
  await CourseModel.updateOne({ _id: courseId }, { $set: { topicIds } });
  return topicIds;
}

/**
 * Inserts topics like `insertTopics`, each with copies of the video `pattern`.
 * @param filesOf Returns the files of a copy. Absent: all copies refer to the files of `pattern`.
 */
export async function insertTopicsWithVideos(
  courseId: string,
  count: { readonly topics: number; readonly videosEach: number },
  pattern: Video,
  filesOf: (id: string) => Pick<Video, 'file' | 'thumbnail'> = () => ({}),
): Promise<void> {
  const topicIds = await insertTopics(courseId, count.topics);
  const videos = topicIds.flatMap((topicId) =>
    Array.from({ length: count.videosEach }, (_, i): Video => {
      const _id = newId();
      return Object.assign({}, pattern, filesOf(_id), { _id, topicId, title: `Video ${i}` });
    }),
  );
  await inBatches(videos, (batch) => VideoModel.insertMany(batch));
  const updates = topicIds.map((topicId) => {
    const videoIds = videos.filter((video) => video.topicId === topicId).map(({ _id }) => _id);
    return { updateOne: { filter: { _id: topicId }, update: { $set: { videoIds } } } };
  });
  await TopicModel.bulkWrite(updates);
}

/** Inserts copies of an uploaded image, with the same file. Their creation times are a millisecond apart. */
export async function insertImages(count: number, pattern: Image): Promise<void> {
  const began = pattern.createdAt.getTime();
  const images = Array.from({ length: count }, (_, i): Image => {
    return Object.assign({}, pattern, { _id: newId(), createdAt: new Date(began + i) });
  });
  await inBatches(images, (batch) => ImageModel.insertMany(batch));
}

/** How many records one command inserts, so that a slow server answers within the time-out of an operation. */
const BATCH = 50;

async function inBatches<T>(records: readonly T[], insert: (batch: T[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < records.length; at += BATCH) await insert(records.slice(at, at + BATCH));
}
