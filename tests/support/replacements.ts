import type { Client } from './client.js';
import { bigMp4, fixtures, type SampleFile } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { dataOf, type GraphqlResponse } from './graphql-client.js';
import type { UploadFile } from './multipart.js';

const MIB = 1024 ** 2;

/** The record whose files are replaced. */
export interface Owner {
  readonly courseId: string;
  readonly videoId: string;
}

/** A slot in a response: its file, and the field with the URL. */
export interface SlotAnswer {
  readonly file: gql.FileFactsFragment | null;
  readonly url: string | null;
}

/** A mutation that replaces a file. */
export interface Replacement {
  readonly kind: 'image' | 'video';
  readonly prefix: string;
  readonly ownerId: (owner: Owner) => string;
  readonly samples: readonly [SampleFile, SampleFile];
  readonly wrong: SampleFile;
  /** The variable with the size limit. */
  readonly limit: string;
  /** The text of the operation, for tests that send it in another way. */
  readonly document: string;
  send(client: Client, owner: Owner, file: UploadFile): Promise<GraphqlResponse<unknown>>;
  /** Returns the slot in a response to `send`. */
  answered(answer: GraphqlResponse<unknown>): SlotAnswer;
  /** Queries the slot. */
  read(client: Client, owner: Owner): Promise<SlotAnswer>;
}

async function courseOf(client: Client, { courseId: id }: Owner) {
  return dataOf(await client.send(gql.CourseWithFilesDocument, { id })).course!;
}

async function videoOf(client: Client, { videoId: id }: Owner) {
  return dataOf(await client.send(gql.VideoDocument, { id })).video!;
}

const file = null;

export const REPLACEMENTS: Readonly<Record<string, Replacement>> = {
  uploadCourseThumbnail: {
    kind: 'image',
    prefix: 'course-thumbnails',
    ownerId: ({ courseId }) => courseId,
    samples: [fixtures.png, fixtures.avif],
    wrong: fixtures.video,
    limit: 'COURSE_THUMBNAIL_MAX_BYTES',
    document: 'mutation ($id: ID!, $file: Upload!) { uploadCourseThumbnail(courseId: $id, file: $file) { id } }',
    send: (client, { courseId }, sample) =>
      client.upload(gql.UploadCourseThumbnailDocument, { courseId, file }, { file: sample }),
    answered: (answer) => {
      const { uploadCourseThumbnail: course } = dataOf(answer as GraphqlResponse<gql.UploadCourseThumbnailMutation>);
      return { file: course.thumbnail, url: course.thumbnailUrl };
    },
    read: async (client, owner) => {
      const { thumbnail, thumbnailUrl } = await courseOf(client, owner);
      return { file: thumbnail, url: thumbnailUrl };
    },
  },
  uploadCourseIntroVideo: {
    kind: 'video',
    prefix: 'course-intro-videos',
    ownerId: ({ courseId }) => courseId,
    samples: [fixtures.intro, fixtures.quicktime],
    wrong: fixtures.png,
    limit: 'COURSE_INTRO_VIDEO_MAX_BYTES',
    document: 'mutation ($id: ID!, $file: Upload!) { uploadCourseIntroVideo(courseId: $id, file: $file) { id } }',
    send: (client, { courseId }, sample) =>
      client.upload(gql.UploadCourseIntroVideoDocument, { courseId, file }, { file: sample }),
    answered: (answer) => {
      const { uploadCourseIntroVideo: course } = dataOf(answer as GraphqlResponse<gql.UploadCourseIntroVideoMutation>);
      return { file: course.introVideo, url: course.introVideoUrl };
    },
    read: async (client, owner) => {
      const { introVideo, introVideoUrl } = await courseOf(client, owner);
      return { file: introVideo, url: introVideoUrl };
    },
  },
  replaceVideoFile: {
    kind: 'video',
    prefix: 'videos',
    ownerId: ({ videoId }) => videoId,
    samples: [fixtures.video, bigMp4(9 * MIB, 'longer.mp4')],
    wrong: fixtures.thumbnail,
    limit: 'VIDEO_FILE_MAX_BYTES',
    document: 'mutation ($id: ID!, $file: Upload!) { replaceVideoFile(videoId: $id, file: $file) { id } }',
    send: (client, { videoId }, sample) =>
      client.upload(gql.ReplaceVideoFileDocument, { videoId, file }, { file: sample }),
    answered: (answer) => {
      const { replaceVideoFile: video } = dataOf(answer as GraphqlResponse<gql.ReplaceVideoFileMutation>);
      return { file: video.file, url: video.videoUrl };
    },
    read: async (client, owner) => {
      const { file: stored, videoUrl } = await videoOf(client, owner);
      return { file: stored, url: videoUrl };
    },
  },
  uploadVideoThumbnail: {
    kind: 'image',
    prefix: 'thumbnails',
    ownerId: ({ videoId }) => videoId,
    samples: [fixtures.thumbnail, fixtures.gif],
    wrong: fixtures.webm,
    limit: 'VIDEO_THUMBNAIL_MAX_BYTES',
    document: 'mutation ($id: ID!, $file: Upload!) { uploadVideoThumbnail(videoId: $id, file: $file) { id } }',
    send: (client, { videoId }, sample) =>
      client.upload(gql.UploadVideoThumbnailDocument, { videoId, file }, { file: sample }),
    answered: (answer) => {
      const { uploadVideoThumbnail: video } = dataOf(answer as GraphqlResponse<gql.UploadVideoThumbnailMutation>);
      return { file: video.thumbnail, url: video.thumbnailUrl };
    },
    read: async (client, owner) => {
      const { thumbnail, thumbnailUrl } = await videoOf(client, owner);
      return { file: thumbnail, url: thumbnailUrl };
    },
  },
};
