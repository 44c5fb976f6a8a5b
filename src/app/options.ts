import { type Config, ConfigError } from '../config.js';
import type { BodyLimits } from '../http/guards.js';
import type { StudioOptions } from '../http/studio.js';
import { slotRules, type MediaSlot, type SlotRules } from '../media/slots.js';
import {
  createStorages,
  type DriverSettings,
  StorageChoiceError,
  type Storages,
  type StoragesOptions,
} from '../storage/create-storage.js';
import type { FileTokens } from '../storage/file-token.js';
import { DEFAULT_TIMINGS, type Timings } from '../timings.js';

// Converts the configuration into the options of each part.

/** How many bytes a multipart body may have besides its files: fields, part headers, boundaries. */
const MULTIPART_OVERHEAD_BYTES = 4 * 1024 ** 2;

/** The time-outs of the server: the defaults, and those that a test has changed. */
export function timingsOf({ tests }: Config): Timings {
  return { ...DEFAULT_TIMINGS, ...tests.timings };
}

/** The options of the S3 storage. Empty when no bucket is configured. */
function s3Options(config: Config): Pick<DriverSettings, 's3'> {
  const { s3 } = config;
  if (s3.bucket === undefined) return {};
  const { bucket, region, endpoint, publicEndpoint, forcePathStyle, accessKeyId, secretAccessKey, sessionToken } = s3;
  return {
    s3: {
      bucket,
      region,
      forcePathStyle,
      timings: timingsOf(config),
      ...(endpoint !== undefined && { endpoint }),
      ...(publicEndpoint !== undefined && { publicEndpoint }),
      ...(accessKeyId !== undefined &&
        secretAccessKey !== undefined && {
          credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
        }),
    },
  };
}

/** What the storages need besides the configuration. */
export interface StorageParts extends Pick<StoragesOptions, 'drivers' | 'observe'> {
  readonly tokens: FileTokens;
  readonly publicUrl: () => string;
}

/**
 * Creates the storages.
 * Rejects with ConfigError when the storage of new files is unknown or not configured.
 */
export async function storagesOf(config: Config, { tokens, publicUrl, ...options }: StorageParts): Promise<Storages> {
  const { name, localDir } = config.storage;
  const settings = {
    local: { directory: localDir, publicUrl, tokens, timings: timingsOf(config) },
    ...s3Options(config),
  };
  try {
    return await createStorages({ current: name, settings, ...options });
  } catch (error) {
    if (!(error instanceof StorageChoiceError)) throw error;
    const problem = `${JSON.stringify(error.storage)} ${error.message}`;
    throw new ConfigError([{ variable: 'STORAGE', problem, remedy: `Set one of ${error.names.join(', ')}` }]);
  }
}

/** The slot table with the limits and lifetimes of this configuration. */
export function slotsOf({ slotMaxBytes, limits }: Config): Record<MediaSlot, SlotRules> {
  return slotRules({
    maxBytes: slotMaxBytes,
    urlTtlSeconds: { video: limits.videoUrlTtlSeconds, image: limits.imageUrlTtlSeconds },
  });
}

/** The limits of request bodies. A multipart body may have `maxFiles` files, each as large as any slot accepts. */
export function bodyLimits(config: Config, slots: Record<MediaSlot, SlotRules>): BodyLimits {
  const largestFile = Math.max(...Object.values(slots).map((rules) => rules.maxBytes));
  return {
    maxJsonBytes: config.server.maxJsonBodyBytes,
    maxMultipartBytes: largestFile * config.uploads.maxFiles + MULTIPART_OVERHEAD_BYTES,
    stallMs: config.uploads.stallSeconds * 1_000,
    jsonMs: config.server.jsonBodySeconds * 1_000,
    multipartMs: config.uploads.totalSeconds * 1_000,
  };
}

/** The path of PUBLIC_URL, without a slash at the end. */
export function pathPrefixOf({ server }: Config): string {
  return server.publicUrl === undefined ? '' : new URL(server.publicUrl).pathname.replace(/\/$/, '');
}

/** What the studio needs to know of the configuration and the storages. */
export function studioOptions(config: Config, storages: Storages): StudioOptions {
  const {
    oidcIssuer: issuer,
    oidcClientId: clientId,
    oidcScope: scope,
    oidcParameters: parameters = {},
  } = config.studio;
  return {
    pathPrefix: pathPrefixOf(config),
    mediaOrigins: () => storages.all().map((storage) => new URL(storage.canonicalUrl('any')).origin),
    signIn: issuer === undefined || clientId === undefined ? undefined : { issuer, clientId, scope, parameters },
  };
}
