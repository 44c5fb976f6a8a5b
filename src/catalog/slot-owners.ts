import { documentOwner, listOwner, type SlotOwners } from '../media/slot-owner.js';
import { CourseModel } from './course/course.model.js';
import { ImageModel } from './image/image.model.js';
import { VideoModel } from './video/video.model.js';

/** Which record, and which field of it, holds the file of each slot. */
export const slotOwners: SlotOwners = {
  VIDEO_FILE: documentOwner(VideoModel, 'file'),
  VIDEO_THUMBNAIL: documentOwner(VideoModel, 'thumbnail'),
  COURSE_THUMBNAIL: documentOwner(CourseModel, 'thumbnail'),
  COURSE_INTRO_VIDEO: documentOwner(CourseModel, 'introVideo'),
  IMAGE: documentOwner(ImageModel, 'file'),
  VIDEO_CAPTION: listOwner(VideoModel, 'captions'),
  VIDEO_RESOURCE: listOwner(VideoModel, 'resources'),
};
