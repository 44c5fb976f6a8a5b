import type { Config } from '../config.js';
import type { BodyLimits } from '../http/guards.js';
import { slotRules, type MediaSlot, type SlotRules } from '../media/slots.js';
import type { StoragesOptions } from '../storage/create-storage.js';
import type { FileTokens } from '../storage/file-token.js';

/** From the configuration to what each room asks for. */

/** What a multipart body may have beside its files, in bytes: fields, part headers, boundaries. */
const MULTIPART_OVERHEAD_BYTES = 4 * 1024 ** 2;

/** The S3 storage's options; none when no bucket is configured. */
function s3Options({ s3 }: Config): Pick<StoragesOptions, 's3'> {
  if (s3.bucket === undefined) return {};
  const { bucket, region, endpoint, publicEndpoint, forcePathStyle, accessKeyId, secretAccessKey, sessionToken } = s3;
  return {
    s3: {
      bucket,
      region,
      forcePathStyle,
      ...(endpoint !== undefined && { endpoint }),
      ...(publicEndpoint !== undefined && { publicEndpoint }),
      ...(accessKeyId !== undefined &&
        secretAccessKey !== undefined && {
          credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
        }),
    },
  };
}

/** What the storages of this configuration need. */
export function storagesOptions(config: Config, tokens: FileTokens, publicUrl: () => string): StoragesOptions {
  const { useS3, localDir } = config.storage;
  return { useS3, local: { directory: localDir, publicUrl, tokens }, ...s3Options(config) };
}

/** The slot table with the limits and lifetimes of this configuration. */
export function slotsOf({ limits }: Config): Record<MediaSlot, SlotRules> {
  return slotRules({
    maxBytes: {
      VIDEO_FILE: limits.videoFileMaxBytes,
      VIDEO_THUMBNAIL: limits.videoThumbnailMaxBytes,
      COURSE_THUMBNAIL: limits.courseThumbnailMaxBytes,
      COURSE_INTRO_VIDEO: limits.courseIntroVideoMaxBytes,
      IMAGE: limits.imageMaxBytes,
      VIDEO_CAPTION: limits.videoCaptionMaxBytes,
      VIDEO_RESOURCE: limits.videoResourceMaxBytes,
    },
    urlTtlSeconds: { video: limits.videoUrlTtlSeconds, image: limits.imageUrlTtlSeconds },
  });
}

/** A multipart request may be as large as the largest file that any slot takes, for each file it may carry. */
export function bodyLimits(config: Config, slots: Record<MediaSlot, SlotRules>): BodyLimits {
  const largestFile = Math.max(...Object.values(slots).map((rules) => rules.maxBytes));
  return {
    maxJsonBytes: config.server.maxJsonBodyBytes,
    maxMultipartBytes: largestFile * config.uploads.maxFiles + MULTIPART_OVERHEAD_BYTES,
    stallMs: config.uploads.stallSeconds * 1_000,
  };
}
