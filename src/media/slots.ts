import { OFFICE_TYPES } from './content/office.js';

// Media types that slots accept. The type is found by the content, never by the file's name.
const IMAGES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif'] as const;
const VIDEOS = ['video/mp4', 'video/webm', 'video/quicktime', 'video/matroska'] as const;
/** Sound formats that browsers play. */
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

/** Types that may be served with `Content-Disposition: inline`. All others are served as attachments, in every slot. */
const INLINE_TYPES: readonly string[] = [...IMAGES, ...VIDEOS, ...SOUND, 'text/vtt'];

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Returns true when a browser may show files of this type instead of saving them. */
export function mayBeInline(contentType: string): boolean {
  return INLINE_TYPES.includes(contentType);
}

interface SlotDefinition {
  /** How messages and docs call a file of this slot, such as `thumbnail of a video`. */
  readonly what: string;
  /** The first segment of the object keys. */
  readonly prefix: string;
  readonly accepts: readonly string[];
  /** The largest size in bytes, unless it is configured. */
  readonly defaultMaxBytes: number;
  /** Lifetime of signed URLs: VIDEO_URL_TTL_SECONDS or IMAGE_URL_TTL_SECONDS. */
  readonly lifetime: 'video' | 'image';
  /** The type of the Content-Disposition header: browsers show the file (`inline`) or save it (`attachment`). */
  readonly disposition: 'inline' | 'attachment';
}

/**
 * The slot table: the only place with the rules for each kind of file. To add a slot, add a row here and its owner in
 * `src/catalog/slot-owners.ts`.
 */
export const SLOTS = {
  VIDEO_FILE: {
    what: 'file of a video',
    prefix: 'videos',
    // Includes sound, because a lesson may have no picture.
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

/** A named field of an owner's document that holds one file or a list of files. */
export type MediaSlot = keyof typeof SLOTS;

export const MEDIA_SLOTS = Object.keys(SLOTS) as MediaSlot[];

export interface SlotRules extends SlotDefinition {
  readonly slot: MediaSlot;
  readonly maxBytes: number;
  /** The lifetime of signed URLs, in seconds. */
  readonly urlTtlSeconds: number;
}

export interface SlotOptions {
  /** Size limits that replace those of the table, in bytes. */
  readonly maxBytes: Partial<Record<MediaSlot, number>>;
  readonly urlTtlSeconds: { readonly video: number; readonly image: number };
}

/** Returns the slot table with this server's size limits and URL lifetimes. */
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
