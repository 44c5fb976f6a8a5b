import { createCourse, createTopic, createVideo, type Client } from './client.js';
import { fixtures } from './fixtures.js';
import { AddVideoCaptionDocument, AddVideoResourceDocument, CreateVideoDocument } from './gql/graphql.js';
import type { CreateCourseInput, CreateVideoInput, FileFactsFragment } from './gql/graphql.js';
import { dataOf } from './graphql-client.js';
import { textFile, vttFile } from './samples.js';

export interface TreeIds {
  readonly courseId: string;
  readonly topicId: string;
  readonly videoId: string;
  readonly captionId: string;
  readonly resourceId: string;
}

/** A course with a topic with a video, and a file in every slot. */
export interface CourseTree extends TreeIds {
  readonly files: Readonly<Record<VideoSlot | 'courseThumbnail' | 'introVideo', FileFactsFragment>>;
}

type VideoSlot = 'videoFile' | 'videoThumbnail' | 'caption' | 'resource';

/** A video with a file in each of its slots. */
export interface FullVideo extends Pick<TreeIds, 'videoId' | 'captionId' | 'resourceId'> {
  readonly files: Readonly<Record<VideoSlot, FileFactsFragment>>;
}

/** Creates a course with a topic, a video and all files. It is published unless `course` has another status. */
export async function createTree(
  client: Client,
  course: CreateCourseInput,
  video: Partial<CreateVideoInput> = {},
): Promise<CourseTree> {
  const files = { thumbnail: fixtures.webp, introVideo: fixtures.intro };
  const { id: courseId, thumbnail, introVideo } = await createCourse(client, course, files);
  const topicId = await createTopic(client, courseId, `Topic of ${course.title}`);
  const full = await addFullVideo(client, topicId, { title: `Video of ${course.title}`, ...video });
  return { ...full, courseId, topicId, files: { courseThumbnail: thumbnail!, introVideo: introVideo!, ...full.files } };
}

/** The same, with a caption and a resource as its only files. */
export async function createBareTree(client: Client, course: CreateCourseInput): Promise<TreeIds> {
  const { id: courseId } = await createCourse(client, course);
  const topicId = await createTopic(client, courseId, `Topic of ${course.title}`);
  const { id: videoId } = await createVideo(client, topicId, `Video of ${course.title}`);
  const { captionId, resourceId } = await addItems(client, videoId);
  return { courseId, topicId, videoId, captionId, resourceId };
}

/** Adds a video with its file, a thumbnail, a caption and a resource. */
export async function addFullVideo(client: Client, topicId: string, input: CreateVideoInput): Promise<FullVideo> {
  const files = { file: fixtures.video, thumbnail: fixtures.png };
  const video = dataOf(await client.upload(CreateVideoDocument, { topicId, input }, files)).createVideo;
  const { captionId, resourceId, caption, resource } = await addItems(client, video.id);
  const ofVideo = { videoFile: video.file!, videoThumbnail: video.thumbnail!, caption, resource };
  return { videoId: video.id, captionId, resourceId, files: ofVideo };
}

async function addItems(client: Client, videoId: string) {
  const variables = { videoId, file: null };
  const captions = { ...variables, input: { language: 'en' } };
  const captioned = dataOf(await client.upload(AddVideoCaptionDocument, captions, { file: vttFile() })).addVideoCaption;
  const full = dataOf(await client.upload(AddVideoResourceDocument, variables, { file: textFile })).addVideoResource;
  const caption = captioned.captions!.at(-1)!;
  const resource = full.resources!.at(-1)!;
  return { captionId: caption.id, resourceId: resource.id, caption: caption.file, resource: resource.file };
}
