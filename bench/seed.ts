import 'reflect-metadata';
import { createApp } from '../src/app.js';
import { VideoModel, type Video } from '../src/catalog/video/video.model.js';
import { loadConfig } from '../src/config.js';
import type { MediaFile } from '../src/media/media-file.model.js';
import { insertCourses, insertTopicsWithVideos } from '../tests/support/catalogue-seed.js';
import { fixtures } from '../tests/support/fixtures.js';
import { adminToken } from './servers.js';
import { query } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

/**
 * Fills the data of a server that does not run: a course with topics of videos. Their records are copies of one that was
 * uploaded, each with keys of its own, so that each has other URLs; there are no files under these keys. Returns the id of the
 * course.
 * @param description Of each video. Absent: none.
 */
export async function seedCourse(
  environment: Record<string, string>,
  count: { readonly topics: number; readonly videosEach: number },
  description?: string,
): Promise<string> {
  const app = await createApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }));
  try {
    const url = `${(await app.start()).url}/graphql`;
    const token = await adminToken();
    const topicId = await newTopic(url, token);
    const document =
      'mutation($id: ID!, $file: Upload!) { createVideo(topicId: $id, input: { title: "Measured" }, file: $file) { id } }';
    await upload(url, document, { id: topicId }, fixtures.video, token);
    const still = 'mutation($id: ID!, $file: Upload!) { uploadVideoThumbnail(videoId: $id, file: $file) { id } }';
    const first = await VideoModel.findOne().lean().orFail();
    await upload(url, still, { id: first._id }, fixtures.thumbnail, token);
    const pattern: Video = Object.assign(await VideoModel.findOne().lean().orFail(), { description });
    const course = 'mutation { createCourse(input: { title: "Seeded", status: PUBLISHED }) { id } }';
    const { createCourse } = await query<{ createCourse: { id: string } }>(url, token, course);
    const copyFor = (id: string, file: MediaFile): MediaFile =>
      Object.assign({}, file, { key: file.key.replace(pattern._id, id) });
    await insertTopicsWithVideos(createCourse.id, count, pattern, (id) => ({
      file: copyFor(id, pattern.file!),
      thumbnail: copyFor(id, pattern.thumbnail!),
    }));
    return createCourse.id;
  } finally {
    await app.stop();
  }
}

/** Fills the data of a server that does not run with courses that anybody may see. */
export async function seedCourses(environment: Record<string, string>, count: number): Promise<void> {
  const app = await createApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }));
  try {
    // The start makes the indexes.
    await app.start();
    const first = Date.now() - count;
    await insertCourses(
      Array.from({ length: count }, (_, i) => ({
        title: `Course ${i}`,
        description: 'What is taught, to whom, and what one has to know before. '.repeat(5),
        level: 'BEGINNER' as const,
        instructorId: 'bench',
        createdAt: new Date(first + i),
      })),
    );
  } finally {
    await app.stop();
  }
}
