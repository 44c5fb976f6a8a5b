import type { Client } from './client.js';
import { fixtures } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { errorCodes, type GraphqlResponse } from './graphql-client.js';
import { pdfFile, vttFile } from './samples.js';
import type { TreeIds } from './tree.js';

/** The records for the operations: a course with all possible parts, and an image, of the same instructor. */
export interface Target extends TreeIds {
  readonly imageId: string;
  /** A direct upload of the thumbnail of the video, of which nothing has been sent. */
  readonly uploadId: string;
  /** The only course of its category. */
  readonly category: string;
}

/** `null`: the operation returned null for this viewer. Otherwise `ok` or the error code. */
export type Outcome = 'ok' | 'null' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND';

export interface Operation {
  /** Who may run the operation. */
  readonly rule:
    | 'anyone'
    | 'signed in, else null'
    | 'signed in'
    | 'author'
    | 'uploader'
    | 'sees the course'
    | 'writes the course'
    | 'sees the upload'
    | 'ends the upload'
    | 'goes on with the upload';
  /** Whether the operation changes the target, so that it cannot be used again. */
  readonly destroys?: boolean;
  /** Sends the operation. Returns its outcome. */
  run(client: Client, target: Target): Promise<string>;
}

/** Returns the error code of a response, `null` when the root field is null, or `ok`. */
function outcome<T extends object>(answer: GraphqlResponse<T>, value: (data: T) => unknown = rootValue): string {
  const codes = errorCodes(answer);
  if (codes.length > 0) return codes.join(', ');
  return (value(answer.body.data!) ?? null) === null ? 'null' : 'ok';
}

const rootValue = (data: object): unknown => Object.values(data).find((value) => typeof value !== 'undefined');

const file = null;
const input = { title: 'As it was' };

/** Every operation of the schema, with its access rule. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  viewer: {
    rule: 'signed in, else null',
    run: async (client) => outcome(await client.send(gql.ViewerDocument, {})),
  },
  course: {
    rule: 'sees the course',
    run: async (client, { courseId }) => outcome(await client.send(gql.CourseFactsDocument, { id: courseId })),
  },
  courses: {
    rule: 'sees the course',
    run: async (client, { category, courseId }) => {
      const answer = await client.send(gql.CoursesDocument, { filter: { category } });
      return outcome(answer, ({ courses }) => {
        const found = courses.nodes.find(({ id }) => id === courseId);
        if (courses.totalCount !== (found ? 1 : 0)) throw new Error('What is counted is not what is listed.');
        return found;
      });
    },
  },
  topic: {
    rule: 'sees the course',
    run: async (client, { topicId }) => outcome(await client.send(gql.TopicDocument, { id: topicId })),
  },
  video: {
    rule: 'sees the course',
    run: async (client, { videoId }) => outcome(await client.send(gql.VideoItemsOfDocument, { id: videoId })),
  },
  image: {
    rule: 'signed in, else null',
    run: async (client, { imageId }) => outcome(await client.send(gql.ImageDocument, { id: imageId })),
  },
  images: {
    rule: 'signed in',
    run: async (client) => outcome(await client.send(gql.ImagesDocument, {})),
  },

  createCourse: {
    rule: 'author',
    run: async (client) => {
      const files = { thumbnail: fixtures.webp };
      return outcome(await client.upload(gql.CreateCourseDocument, { input: { title: 'Another' } }, files));
    },
  },
  updateCourse: {
    rule: 'writes the course',
    run: async (client, { courseId: id }) => outcome(await client.send(gql.UpdateCourseDocument, { id, input })),
  },
  deleteCourse: {
    rule: 'writes the course',
    destroys: true,
    run: async (client, { courseId: id }) => outcome(await client.send(gql.DeleteCourseDocument, { id })),
  },
  uploadCourseThumbnail: {
    rule: 'writes the course',
    run: async (client, { courseId }) =>
      outcome(await client.upload(gql.UploadCourseThumbnailDocument, { courseId, file }, { file: fixtures.gif })),
  },
  uploadCourseIntroVideo: {
    rule: 'writes the course',
    run: async (client, { courseId }) =>
      outcome(await client.upload(gql.UploadCourseIntroVideoDocument, { courseId, file }, { file: fixtures.intro })),
  },
  reorderTopics: {
    rule: 'writes the course',
    run: async (client, { courseId, topicId }) => {
      // The row of createTopic comes before this one, so the course has more topics than that of the target.
      const answer = await client.send(gql.TopicOrderDocument, { courseId });
      const topicIds = answer.body.data?.course?.topics.nodes.map(({ id }) => id) ?? [topicId];
      return outcome(await client.send(gql.ReorderTopicsDocument, { courseId, topicIds }));
    },
  },

  createTopic: {
    rule: 'writes the course',
    run: async (client, { courseId }) => outcome(await client.send(gql.CreateTopicDocument, { courseId, input })),
  },
  updateTopic: {
    rule: 'writes the course',
    run: async (client, { topicId: id }) => outcome(await client.send(gql.UpdateTopicDocument, { id, input })),
  },
  deleteTopic: {
    rule: 'writes the course',
    destroys: true,
    run: async (client, { topicId: id }) => outcome(await client.send(gql.DeleteTopicDocument, { id })),
  },
  reorderVideos: {
    rule: 'writes the course',
    run: async (client, { topicId, videoId }) => {
      const answer = await client.send(gql.VideoOrderDocument, { topicId });
      const videoIds = answer.body.data?.topic?.videos.nodes.map(({ id }) => id) ?? [videoId];
      return outcome(await client.send(gql.ReorderVideosDocument, { topicId, videoIds }));
    },
  },

  createVideo: {
    rule: 'writes the course',
    run: async (client, { topicId }) =>
      outcome(await client.upload(gql.CreateVideoDocument, { topicId, input }, { file: fixtures.webm })),
  },
  uploadVideo: {
    rule: 'writes the course',
    run: async (client, { topicId }) =>
      outcome(await client.upload(gql.UploadVideoDocument, { topicId, file }, { file: fixtures.webm })),
  },
  updateVideo: {
    rule: 'writes the course',
    run: async (client, { videoId: id }) => outcome(await client.send(gql.UpdateVideoDocument, { id, input })),
  },
  deleteVideo: {
    rule: 'writes the course',
    destroys: true,
    run: async (client, { videoId: id }) => outcome(await client.send(gql.DeleteVideoDocument, { id })),
  },
  replaceVideoFile: {
    rule: 'writes the course',
    run: async (client, { videoId }) =>
      outcome(await client.upload(gql.ReplaceVideoFileDocument, { videoId, file }, { file: fixtures.webm })),
  },
  uploadVideoThumbnail: {
    rule: 'writes the course',
    run: async (client, { videoId }) =>
      outcome(await client.upload(gql.UploadVideoThumbnailDocument, { videoId, file }, { file: fixtures.gif })),
  },
  addVideoCaption: {
    rule: 'writes the course',
    run: async (client, { videoId }) => {
      const variables = { videoId, file, input: { language: 'de' } };
      return outcome(await client.upload(gql.AddVideoCaptionDocument, variables, { file: vttFile() }));
    },
  },
  deleteVideoCaption: {
    rule: 'writes the course',
    destroys: true,
    run: async (client, { videoId, captionId }) =>
      outcome(await client.send(gql.DeleteVideoCaptionDocument, { videoId, captionId })),
  },
  addVideoResource: {
    rule: 'writes the course',
    run: async (client, { videoId }) =>
      outcome(await client.upload(gql.AddVideoResourceDocument, { videoId, file }, { file: pdfFile })),
  },
  deleteVideoResource: {
    rule: 'writes the course',
    destroys: true,
    run: async (client, { videoId, resourceId }) =>
      outcome(await client.send(gql.DeleteVideoResourceDocument, { videoId, resourceId })),
  },

  uploadImage: {
    rule: 'author',
    run: async (client) => outcome(await client.upload(gql.UploadImageDocument, { file }, { file: fixtures.png })),
  },
  deleteImage: {
    rule: 'uploader',
    destroys: true,
    run: async (client, { imageId: id }) => outcome(await client.send(gql.DeleteImageDocument, { id })),
  },

  upload: {
    rule: 'sees the upload',
    run: async (client, { uploadId: id }) => outcome(await client.send(gql.UploadDocument, { id })),
  },
  uploads: {
    rule: 'signed in',
    run: async (client) => outcome(await client.send(gql.UploadsDocument, {})),
  },
  mediaSlots: {
    rule: 'anyone',
    run: async (client) => outcome(await client.send(gql.MediaSlotsDocument, {})),
  },
  startUpload: {
    rule: 'writes the course',
    // An upload that stays open would count towards the limit.
    destroys: true,
    run: async (client, { videoId: ownerId }) => {
      const announced = { filename: 'a.png', contentType: 'image/png', size: 10 };
      return outcome(
        await client.send(gql.StartUploadDocument, { input: { slot: 'VIDEO_THUMBNAIL', ownerId, ...announced } }),
      );
    },
  },
  completeUpload: {
    rule: 'goes on with the upload',
    run: async (client, { uploadId: id }) => {
      // The parts are missing. A viewer without access gets another error.
      const end = outcome(await client.send(gql.CompleteUploadDocument, { id }));
      return end === 'UPLOAD_INCOMPLETE' ? 'ok' : end;
    },
  },
  abortUpload: {
    rule: 'ends the upload',
    destroys: true,
    run: async (client, { uploadId: id }) => outcome(await client.send(gql.AbortUploadDocument, { id })),
  },
};
