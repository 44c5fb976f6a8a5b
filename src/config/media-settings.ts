import { MEDIA_SLOTS, SLOTS, type MediaSlot } from '../media/slots.js';
import { type Parser, wholeNumber } from './parsers.js';
import type { Section } from './variable.js';

const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const DAY_SECONDS = 86_400;

/** The upper limit is the largest object that S3 accepts. */
const fileSize = wholeNumber('a number of bytes', { min: 1, max: 5 * TIB });
/** S3 refuses signatures with a lifetime of more than 7 days. */
const urlLifetime = wholeNumber('a number of seconds', { min: 1, max: 7 * DAY_SECONDS });
const seconds = (min: number, max: number): Parser<number> => wholeNumber('a number of seconds', { min, max });

/** A variable for each row of the slot table, named after the slot: `VIDEO_FILE_MAX_BYTES`. */
export const SLOT_MAX_BYTES = Object.fromEntries(
  MEDIA_SLOTS.map((slot) => {
    const { what, defaultMaxBytes } = SLOTS[slot];
    const meaning = `The largest ${what}, in bytes.`;
    return [slot, { name: `${slot}_MAX_BYTES`, parse: fileSize, default: String(defaultMaxBytes), meaning }];
  }),
) as Record<MediaSlot, { name: string; parse: Parser<number>; default: string; meaning: string }>;

/** The size of pictures and the lifetime of URLs. */
export const LIMITS = {
  imageMaxPixels: {
    name: 'IMAGE_MAX_PIXELS',
    parse: wholeNumber('a number of pixels', { min: 1, max: 1_000_000_000 }),
    default: '100000000',
    meaning: 'How many pixels a picture may have, in all frames of an animation together.',
  },
  videoUrlTtlSeconds: {
    name: 'VIDEO_URL_TTL_SECONDS',
    parse: urlLifetime,
    default: '900',
    meaning: 'The lifetime of a signed URL of a video, in seconds, at most 7 days.',
  },
  imageUrlTtlSeconds: {
    name: 'IMAGE_URL_TTL_SECONDS',
    parse: urlLifetime,
    default: '3600',
    meaning: 'The lifetime of a signed URL of an image or thumbnail, in seconds, at most 7 days.',
  },
} as const satisfies Section;

/** Limits and times of uploads. */
export const UPLOADS = {
  maxFiles: {
    name: 'UPLOAD_MAX_FILES',
    parse: wholeNumber('a number of files', { min: 1, max: 1000 }),
    default: '10',
    meaning: 'How many files one request may have.',
  },
  stallSeconds: {
    name: 'UPLOAD_STALL_SECONDS',
    parse: seconds(1, DAY_SECONDS),
    default: '30',
    meaning: 'How long the body of a request, upload or JSON, may pause, in seconds. Then the request is aborted.',
  },
  totalSeconds: {
    name: 'UPLOAD_SECONDS',
    parse: seconds(1, 7 * DAY_SECONDS),
    default: String(DAY_SECONDS),
    meaning: 'How long the body of an upload may take to arrive in total, in seconds.',
  },
  atOnce: {
    name: 'UPLOADS_AT_ONCE',
    parse: wholeNumber('a number of uploads', { min: 1, max: 10_000 }),
    default: '64',
    meaning:
      'How many multipart requests with files may run on this server at once. Others are refused with SERVICE_UNAVAILABLE (503).',
  },
  partsAtOnce: {
    name: 'UPLOAD_PARTS_AT_ONCE',
    parse: wholeNumber('a number of parts', { min: 1, max: 10_000 }),
    default: '256',
    meaning:
      'How many parts of direct uploads to the local disk this server may receive at once. Others are refused with SERVICE_UNAVAILABLE (503).',
  },
  sessionsPerViewer: {
    name: 'UPLOAD_SESSIONS_PER_VIEWER',
    parse: wholeNumber('a number of uploads', { min: 1, max: 10_000 }),
    default: '20',
    meaning: 'How many direct uploads one viewer may have open. Others are refused with UPLOAD_LIMIT_REACHED.',
  },
  sessionBytesPerViewer: {
    name: 'UPLOAD_SESSION_BYTES_PER_VIEWER',
    parse: wholeNumber('a number of bytes', { min: 1, max: 1024 * TIB }),
    default: String(200 * GIB),
    meaning: 'How many bytes the open direct uploads of one viewer may have together. No file may be larger.',
  },
  sessionSeconds: {
    name: 'UPLOAD_SESSION_SECONDS',
    parse: seconds(1, 7 * DAY_SECONDS),
    default: String(DAY_SECONDS),
    meaning:
      'After how many seconds without activity a direct upload expires. It always expires 7 days after its start.',
  },
  pendingDeadlineSeconds: {
    name: 'PENDING_DEADLINE_SECONDS',
    parse: seconds(1, 7 * DAY_SECONDS),
    default: '900',
    meaning: 'After how many seconds without progress an upload expires and is cleaned up by the sweeper.',
  },
  replacedMediaGraceSeconds: {
    name: 'REPLACED_MEDIA_GRACE_SECONDS',
    parse: seconds(0, 365 * DAY_SECONDS),
    default: '0',
    meaning: 'How long a replaced file is kept, in seconds.',
  },
  sweepIntervalSeconds: {
    name: 'SWEEP_INTERVAL_SECONDS',
    parse: seconds(1, 7 * DAY_SECONDS),
    default: '300',
    meaning: 'How long the sweeper waits between two sweeps, in seconds.',
  },
} as const satisfies Section;
