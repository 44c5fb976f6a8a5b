/** The worlds in which scenarios begin. */
import { sha256Of, textOf } from './bytes.js';
import { filesIn } from './invariants.js';
import { PENDING_MS } from './times.js';
import { prune } from './values.js';
import { docId } from './world.js';

const PREFIX = {
  COURSE_THUMBNAIL: 'course-thumbnails',
  COURSE_INTRO_VIDEO: 'course-intro-videos',
  VIDEO_FILE: 'videos',
  VIDEO_CAPTION: 'captions',
  IMAGE: 'images',
};
/** Of slots: the first segments of their keys. */
export const prefixesOf = (slots) => slots.map((slot) => `${PREFIX[slot]}/`);

/** The file I of a slot of o1, under a key of that name or another. */
function file(slot, storage = 's3', name = 'I') {
  const text = textOf('I');
  return { slot, id: 'I', key: `${PREFIX[slot]}/o1/${name}`, storage, size: text.length, sha256: sha256Of(text) };
}

/** A world of these documents, by collection, and these objects: { 'storage/key': name of the file }. */
export function worldOf(documents, objects = {}) {
  const d = {};
  const p = new Set();
  for (const [collection, list] of Object.entries(documents)) {
    for (const doc of list) {
      d[`${collection}/${doc._id}`] = docId(prune(doc));
      if (collection !== 'media_objects') for (const [, { sha256 }] of filesIn(doc)) p.add(sha256);
    }
  }
  const o = Object.fromEntries(Object.entries(objects).map(([object, name]) => [object, textOf(name)]));
  return { d, o, p: [...p].sort() };
}

const COURSE = { _id: 'o1', mediaRevision: 1, topicIds: [] };
const at = (name, storage = 's3') => `${storage}/course-thumbnails/o1/${name}`;
const row = (name, more) => ({
  _id: at(name),
  storage: 's3',
  key: `course-thumbnails/o1/${name}`,
  slot: 'COURSE_THUMBNAIL',
  ownerId: 'o1',
  ...more,
});
const pending = (name) => row(name, { state: 'pending', batchId: 'old', deadline: new Date(PENDING_MS) });

/** A course with a thumbnail I, and a session U for another one, whose only part was sent. */
export const uploaded = () => {
  const size = textOf('U').length;
  const session = {
    id: 'U',
    makerId: 'ada',
    createdAt: new Date(0),
    uploadId: 'u',
    size,
    partSize: size,
    bytesSeen: 0,
  };
  const waiting = row('U', { state: 'pending', deadline: new Date(PENDING_MS), session });
  const w = worldOf(
    { courses: [{ ...COURSE, thumbnail: file('COURSE_THUMBNAIL') }], media_objects: [waiting] },
    { [at('I')]: 'I' },
  );
  return { ...w, u: { [`${at('U')}#u`]: textOf('U') } };
};

/** A course with a thumbnail I, at rest. */
export const withThumbnail = (storage = 's3') =>
  worldOf({ courses: [{ ...COURSE, thumbnail: file('COURSE_THUMBNAIL', storage) }] }, { [at('I', storage)]: 'I' });

/** An upload that crashed right after its publication: its row is there, and what it replaced is released. */
export const crashed = () =>
  worldOf(
    {
      courses: [
        {
          ...COURSE,
          mediaRevision: 2,
          thumbnail: file('COURSE_THUMBNAIL'),
          released: [{ storage: 's3', key: 'course-thumbnails/o1/H', fileId: 'H', due: new Date(0) }],
        },
      ],
      media_objects: [pending('I')],
    },
    { [at('I')]: 'I', [at('H')]: 'H' },
  );

/** An upload that died after it had stored its object Z. */
export const died = () =>
  worldOf(
    { courses: [{ ...COURSE, thumbnail: file('COURSE_THUMBNAIL') }], media_objects: [pending('Z')] },
    { [at('I')]: 'I', [at('Z')]: 'Z' },
  );

/** An object X that nobody knows of. */
export const orphaned = () => {
  const w = withThumbnail();
  return { ...w, o: { ...w.o, [at('X')]: textOf('X') } };
};

/** The same, beside a crashed upload. */
export const crashedOrphaned = () => {
  const w = crashed();
  return { ...w, o: { ...w.o, [at('X')]: textOf('X') } };
};

/** After one deadline, before one deadline and one minute. */
export const AFTER_A_DEADLINE_MS = PENDING_MS + 100_000;

/** A migration of a while ago: the file is K in the bucket, and its original on the disk is kept until its time. */
export const kept = () =>
  worldOf(
    {
      courses: [
        {
          ...COURSE,
          mediaRevision: 2,
          thumbnail: file('COURSE_THUMBNAIL', 's3', 'K'),
          released: [
            { storage: 'local', key: 'course-thumbnails/o1/I', fileId: 'I', due: new Date(AFTER_A_DEADLINE_MS) },
          ],
        },
      ],
    },
    { [at('K')]: 'I', [at('I', 'local')]: 'I' },
  );

/** A video with one caption I. */
export const withCaption = () =>
  worldOf(
    { videos: [{ _id: 'o1', mediaRevision: 1, captions: [{ _id: 'i1', file: file('VIDEO_CAPTION') }] }] },
    { 's3/captions/o1/I': 'I' },
  );

/** A course o3 with a topic o2 with a video o1. */
export const family = () =>
  worldOf(
    {
      courses: [{ _id: 'o3', mediaRevision: 1, topicIds: ['o2'] }],
      topics: [{ _id: 'o2', mediaRevision: 1, courseId: 'o3', videoIds: ['o1'] }],
      videos: [{ _id: 'o1', mediaRevision: 1, topicId: 'o2', courseId: 'o3', file: file('VIDEO_FILE') }],
    },
    { 's3/videos/o1/I': 'I' },
  );

/** A course o3 with an empty topic o2. */
export const emptyTopic = () =>
  worldOf({
    courses: [{ _id: 'o3', mediaRevision: 1, topicIds: ['o2'] }],
    topics: [{ _id: 'o2', mediaRevision: 1, courseId: 'o3', videoIds: [] }],
  });
