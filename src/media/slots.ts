import { OFFICE_TYPES } from './content/office.js';

/** Which content a slot takes, by the type that its bytes show. */
const IMAGES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif'] as const;
const VIDEOS = ['video/mp4', 'video/webm', 'video/quicktime', 'video/matroska'] as const;
/** Sound that browsers play. */
const SOUND = ['audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/flac', 'audio/wav', 'audio/webm'] as const;
const DOCUMENTS = [
  'application/pdf',
  ...Object.keys(OFFICE_TYPES),
  'application/zip',
  'text/plain',
  ...IMAGES,
  ...VIDEOS,
  ...SOUND,
];

/** What a browser may show in place. All else is saved, whatever slot it lies in. */
const SHOWN_IN_PLACE: readonly string[] = [...IMAGES, ...VIDEOS, ...SOUND, 'text/vtt'];

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Whether files of this type may be shown in place. */
export function mayBeInline(contentType: string): boolean {
  return SHOWN_IN_PLACE.includes(contentType);
}

interface SlotDefinition {
  /** What a file of the slot is to a person: `thumbnail of a video`. */
  readonly what: string;
  /** The first segment of the slot's keys. */
  readonly prefix: string;
  readonly accepts: readonly string[];
  /** The size limit unless the configuration says otherwise, in bytes. */
  readonly defaultMaxBytes: number;
  /** Which of the two configured lifetimes its signed URLs have. */
  readonly lifetime: 'video' | 'image';
  /** How browsers are told to treat the file: shown in place, or saved. */
  readonly disposition: 'inline' | 'attachment';
}

/** The slot table: the single source of the rules for every kind of file. */
export const SLOTS = {
  VIDEO_FILE: {
    what: 'file of a video',
    prefix: 'videos',
    // A lesson may be sound alone.
    accepts: [...VIDEOS, ...SOUND],
    defaultMaxBytes: 5 * GIB,
    lifetime: 'video',
    disposition: 'inline',
  },
  VIDEO_THUMBNAIL: {
    what: 'thumbnail of a video',
    prefix: 'thumbnails',
    accepts: IMAGES,
    defaultMaxBytes: 10 * MIB,
    lifetime: 'image',
    disposition: 'inline',
  },
  COURSE_THUMBNAIL: {
    what: 'thumbnail of a course',
    prefix: 'course-thumbnails',
    accepts: IMAGES,
    defaultMaxBytes: 10 * MIB,
    lifetime: 'image',
    disposition: 'inline',
  },
  COURSE_INTRO_VIDEO: {
    what: 'intro video of a course',
    prefix: 'course-intro-videos',
    accepts: VIDEOS,
    defaultMaxBytes: GIB,
    lifetime: 'video',
    disposition: 'inline',
  },
  IMAGE: {
    what: 'image',
    prefix: 'images',
    accepts: IMAGES,
    defaultMaxBytes: 10 * MIB,
    lifetime: 'image',
    disposition: 'inline',
  },
  VIDEO_CAPTION: {
    what: 'caption file of a video',
    prefix: 'captions',
    accepts: ['text/vtt'],
    defaultMaxBytes: MIB,
    lifetime: 'image',
    disposition: 'inline',
  },
  VIDEO_RESOURCE: {
    what: 'downloadable resource of a video',
    prefix: 'resources',
    accepts: DOCUMENTS,
    defaultMaxBytes: 100 * MIB,
    lifetime: 'video',
    disposition: 'attachment',
  },
} as const satisfies Record<string, SlotDefinition>;

/** A named place for one file, or for a list of files, of an owner's document. */
export type MediaSlot = keyof typeof SLOTS;

export const MEDIA_SLOTS = Object.keys(SLOTS) as MediaSlot[];

export interface SlotRules extends SlotDefinition {
  readonly slot: MediaSlot;
  readonly maxBytes: number;
  /** How long a signed URL lives, in seconds. */
  readonly urlTtlSeconds: number;
}

export interface SlotOptions {
  /** Size limits that differ from the table, in bytes. */
  readonly maxBytes: Partial<Record<MediaSlot, number>>;
  readonly urlTtlSeconds: { readonly video: number; readonly image: number };
}

/** The slot table with this server's limits and lifetimes filled in. */
export function slotRules(options: SlotOptions): Record<MediaSlot, SlotRules> {
  const rules = MEDIA_SLOTS.map((slot): [MediaSlot, SlotRules] => {
    const definition: SlotDefinition = SLOTS[slot];
    return [
      slot,
      {
        ...definition,
        slot,
        maxBytes: options.maxBytes[slot] ?? definition.defaultMaxBytes,
        urlTtlSeconds: options.urlTtlSeconds[definition.lifetime],
      },
    ];
  });
  return Object.fromEntries(rules) as Record<MediaSlot, SlotRules>;
}
