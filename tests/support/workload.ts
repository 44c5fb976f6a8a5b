import { randomUUID } from 'node:crypto';
import { createCourse, createTopic, createVideo, type Client } from './client.js';
import { downloadedSha256 } from './download.js';
import { bigMp4, fixtures } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { dataOf, type GraphqlResponse } from './graphql-client.js';
import { vttFile } from './samples.js';
import { createTree } from './tree.js';

/** Larger than a part of a multipart upload, so that storing it takes several requests. */
const LONG_BYTES = 9 * 1024 ** 2;
const LONG = bigMp4(LONG_BYTES, 'long.mp4');

/** A request to a server during a fault. */
export interface Operation {
  readonly name: string;
  readonly kind: 'upload' | 'deletion' | 'change' | 'query';
  send(): Promise<GraphqlResponse<unknown>>;
  /** Asks the server later whether it was carried out. Throws when it was carried out partly. False for queries. */
  wasDone(): Promise<boolean>;
}

/** Creates an operation of each kind that changes files, on separate records or concurrently on one. */
export async function newWorkload(client: Client): Promise<Operation[]> {
  const category = randomUUID();
  const course = await createCourse(client, { title: 'Course', category }, { thumbnail: fixtures.png });
  const topicId = await createTopic(client, course.id, 'Topic');
  const video = await createVideo(client, topicId, 'Video', { file: fixtures.video });
  const goingVideo = await createVideo(client, topicId, 'Going', { file: fixtures.video, thumbnail: fixtures.png });
  const goingImage = await uploadedImage(client);
  const tree = await createTree(client, { title: 'Tree' });
  const captionId = (await addCaption(client, video.id, 'fr')).body.data!.addVideoCaption.captions![0]!.id;
  const file = null;

  const read = async () => dataOf(await client.send(gql.VideoItemsOfDocument, { id: video.id })).video!;
  return [
    {
      name: 'createCourse with two files',
      kind: 'upload',
      send: () =>
        client.upload(
          gql.CreateCourseDocument,
          { input: { title: 'New', category: `${category} new`, status: 'PUBLISHED' } },
          { thumbnail: fixtures.thumbnail, introVideo: LONG },
        ),
      wasDone: async () => {
        const filter = { category: `${category} new` };
        const [found] = dataOf(await client.send(gql.CoursesDocument, { filter })).courses.nodes;
        if (!found) return false;
        const { course: made } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: found.id }));
        await expectFile(made!.thumbnailUrl, fixtures.thumbnail.sha256);
        await expectFile(made!.introVideoUrl, LONG.sha256);
        return true;
      },
    },
    {
      name: 'createVideo with two files',
      kind: 'upload',
      send: () =>
        client.upload(
          gql.CreateVideoDocument,
          { topicId, input: { title: 'New' } },
          { file: LONG, thumbnail: fixtures.png },
        ),
      wasDone: async () => {
        const { topic } = dataOf(await client.send(gql.VideoOrderDocument, { topicId }));
        const added = topic!.videos.nodes.find(({ id }) => id !== video.id && id !== goingVideo.id);
        if (!added) return false;
        const { video: made } = dataOf(await client.send(gql.VideoDocument, { id: added.id }));
        await expectFile(made!.videoUrl, LONG.sha256);
        await expectFile(made!.thumbnailUrl, fixtures.png.sha256);
        return true;
      },
    },
    {
      name: 'uploadImage',
      kind: 'upload',
      send: () =>
        client.upload(gql.UploadImageDocument, { file, input: { altText: category } }, { file: fixtures.avif }),
      wasDone: async () => {
        const { images } = dataOf(await client.send(gql.ImagesDocument, { first: 10 }));
        for (const { id } of images.nodes) {
          const { image } = dataOf(await client.send(gql.ImageDocument, { id }));
          if (image?.altText !== category) continue;
          await expectFile(image.url, fixtures.avif.sha256);
          return true;
        }
        return false;
      },
    },
    {
      name: 'replaceVideoFile',
      kind: 'upload',
      send: () => client.upload(gql.ReplaceVideoFileDocument, { videoId: video.id, file }, { file: LONG }),
      wasDone: async () =>
        replaced(await read().then((v) => ({ url: v.videoUrl, file: v.file })), fixtures.video, LONG),
    },
    {
      name: 'uploadCourseThumbnail',
      kind: 'upload',
      send: () =>
        client.upload(gql.UploadCourseThumbnailDocument, { courseId: course.id, file }, { file: fixtures.webp }),
      wasDone: async () => {
        const { course: now } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: course.id }));
        return replaced({ url: now!.thumbnailUrl, file: now!.thumbnail }, fixtures.png, fixtures.webp);
      },
    },
    {
      name: 'addVideoCaption',
      kind: 'upload',
      send: () => addCaption(client, video.id, 'en'),
      wasDone: async () => {
        const added = (await read()).captions!.find(({ language }) => language === 'en');
        if (added) await expectFile(added.file.url, added.file.sha256);
        return added !== undefined;
      },
    },
    {
      name: 'deleteVideoCaption',
      kind: 'deletion',
      send: () => client.send(gql.DeleteVideoCaptionDocument, { videoId: video.id, captionId }),
      wasDone: async () => {
        const kept = (await read()).captions!.find(({ id }) => id === captionId);
        if (kept) await expectFile(kept.file.url, kept.file.sha256);
        return kept === undefined;
      },
    },
    {
      name: 'deleteImage',
      kind: 'deletion',
      send: () => client.send(gql.DeleteImageDocument, { id: goingImage.id }),
      wasDone: async () => {
        const { image } = dataOf(await client.send(gql.ImageDocument, { id: goingImage.id }));
        if (image) await expectFile(image.url, fixtures.png.sha256);
        return image === null;
      },
    },
    {
      name: 'deleteVideo',
      kind: 'deletion',
      send: () => client.send(gql.DeleteVideoDocument, { id: goingVideo.id }),
      wasDone: async () => {
        const { video: kept } = dataOf(await client.send(gql.VideoDocument, { id: goingVideo.id }));
        if (kept) await expectFile(kept.videoUrl, fixtures.video.sha256);
        return kept === null;
      },
    },
    {
      name: 'deleteCourse with all below it',
      kind: 'deletion',
      send: () => client.send(gql.DeleteCourseDocument, { id: tree.courseId }),
      wasDone: async () => {
        const { course: kept } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: tree.courseId }));
        const { video: below } = dataOf(await client.send(gql.VideoDocument, { id: tree.videoId }));
        if ((kept === null) !== (below === null)) throw new Error('A course and its video: one is gone, one is not.');
        if (kept) await expectFile(kept.introVideoUrl, fixtures.intro.sha256);
        return kept === null;
      },
    },
    {
      name: 'updateCourse',
      kind: 'change',
      send: () => client.send(gql.UpdateCourseDocument, { id: course.id, input: { title: 'Changed' } }),
      wasDone: async () => {
        const { course: now } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: course.id }));
        return now!.title === 'Changed';
      },
    },
    {
      name: 'a course with its URLs',
      kind: 'query',
      send: () => client.send(gql.CourseWithFilesDocument, { id: course.id }),
      wasDone: () => Promise.resolve(false),
    },
  ];
}

async function uploadedImage(client: Client) {
  const variables = { file: null, input: { altText: 'going' } };
  return dataOf(await client.upload(gql.UploadImageDocument, variables, { file: fixtures.png })).uploadImage;
}

function addCaption(client: Client, videoId: string, language: string) {
  const variables = { videoId, file: null, input: { language } };
  return client.upload(gql.AddVideoCaptionDocument, variables, { file: vttFile() });
}

/** Returns whether a slot has the new file. Otherwise it must have the old one, complete. */
async function replaced(
  slot: { readonly url: string | null; readonly file: gql.FileFactsFragment | null },
  before: { readonly sha256: string },
  after: { readonly sha256: string },
): Promise<boolean> {
  const done = slot.file?.sha256 === after.sha256;
  await expectFile(slot.url, (done ? after : before).sha256);
  return done;
}

async function expectFile(url: string | null, sha256: string | null): Promise<void> {
  if (url === null) throw new Error('A file is not there.');
  const found = await downloadedSha256(url);
  if (found !== sha256) throw new Error(`The file under ${url} is another: ${found} instead of ${String(sha256)}.`);
}
