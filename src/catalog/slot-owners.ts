import { documentOwners } from '../media/document-owners.js';
import type { SlotOwners } from '../media/slot-owner.js';
import { CourseModel } from './course/course.model.js';
import { ImageModel } from './image/image.model.js';
import { TopicModel } from './topic/topic.model.js';
import { VideoModel } from './video/video.model.js';

/** The records that hold files, or whose children do. A tombstone has no list keys, so no list contains it. */
export const courses = documentOwners(CourseModel, { tombstone: { listKeys: [] } });
export const topics = documentOwners(TopicModel, { alsoRead: ['courseId'] });
export const videos = documentOwners(VideoModel, { alsoRead: ['topicId'] });
export const images = documentOwners(ImageModel, { tombstone: { listKeys: [] } });

/** For each slot: the kind of record and the field that hold its files. */
export const slotOwners: SlotOwners = {
  VIDEO_FILE: videos.file('file'),
  VIDEO_THUMBNAIL: videos.file('thumbnail'),
  COURSE_THUMBNAIL: courses.file('thumbnail'),
  COURSE_INTRO_VIDEO: courses.file('introVideo'),
  IMAGE: images.file('file'),
  VIDEO_CAPTION: videos.list('captions'),
  VIDEO_RESOURCE: videos.list('resources'),
};
