import { LRUCache } from 'lru-cache';
import { LecternError } from '../errors.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { SignedUrl, Storage, StorageName } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { dispositionHeader } from './content/names.js';
import type { MediaFile } from './media-file.model.js';
import { mayBeInline, type MediaSlot, type SlotRules } from './slots.js';

export interface SignedUrlParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly slots: Record<MediaSlot, SlotRules>;
  readonly telemetry: Telemetry;
  /** Returns the time, in milliseconds since 1970. Absent: `Date.now`. */
  readonly now?: () => number;
}

/** The fields of a file that its URL is made of. */
const FIELDS_OF_URL = ['slot', 'storage', 'key', 'contentType', 'filename'] as const;

export type FileToSign = Pick<MediaFile, (typeof FIELDS_OF_URL)[number]>;

/** What `SignedUrls.of` reads of the file in a field of a record, for `@Reads`. */
export function readForUrl(field: string): string[] {
  return FIELDS_OF_URL.map((name) => `${field}.${name}`);
}

/** How many URLs are cached, each about 1 KiB. */
const REMEMBERED_URLS = 10_000;

/**
 * Signs URLs of files when they are asked for. Time is divided into windows of half a lifetime, and a URL's lifetime
 * begins at the start of its window. So a file has the same URL during a window and browsers can cache it, and a client
 * always has at least half of the lifetime left.
 */
export class SignedUrls {
  private readonly remembered = new LRUCache<string, MaybePromise<SignedUrl>>({ max: REMEMBERED_URLS });
  /** The URL that was returned for a file object, so that `url` and `urlExpiresAt` of a response belong together. */
  private readonly answered = new WeakMap<FileToSign, MaybePromise<SignedUrl>>();
  private readonly now: () => number;

  constructor(private readonly parts: SignedUrlParts) {
    this.now = parts.now ?? Date.now;
  }

  /**
   * Returns the current URL of a file: a promise of it when credentials have to be fetched first.
   * Throws STORAGE_UNAVAILABLE when the file's storage is not configured on this server.
   */
  of(file: FileToSign): MaybePromise<SignedUrl> {
    const known = this.answered.get(file);
    if (known) return known;
    const current = this.current(file);
    this.answered.set(file, current);
    return current;
  }

  /** The same without the time when it expires. */
  urlOf(file: FileToSign): MaybePromise<string> {
    const signed = this.of(file);
    return signed instanceof Promise ? signed.then(({ url }) => url) : signed.url;
  }

  private current(file: FileToSign): MaybePromise<SignedUrl> {
    const lifetimeMs = this.parts.slots[file.slot].urlTtlSeconds * 1_000;
    const windowMs = windowOf(lifetimeMs);
    const signedAt = Math.floor(this.now() / windowMs) * windowMs;
    const expiresAt = signedAt + lifetimeMs;
    const name = `${file.storage}/${file.key}@${String(signedAt)}`;

    const known = this.remembered.get(name);
    if (known) return known;
    const remember = (signed: SignedUrl): void => {
      // A URL that expires early because of temporary credentials is not cached: new ones give a longer lifetime.
      if (signed.expiresAt.getTime() < expiresAt) this.remembered.delete(name);
      else this.remembered.set(name, signed);
    };
    const signing = this.sign(file, new Date(signedAt), new Date(expiresAt));
    if (signing instanceof Promise) {
      this.remembered.set(name, signing);
      void signing.then(remember, () => this.remembered.delete(name));
    } else remember(signing);
    return signing;
  }

  private sign(file: FileToSign, signedAt: Date, expiresAt: Date): MaybePromise<SignedUrl> {
    const storage = this.parts.storageNamed(file.storage);
    if (!storage) {
      throw new LecternError(
        'STORAGE_UNAVAILABLE',
        `The file is in storage "${file.storage}", which is not configured.`,
      );
    }
    this.parts.telemetry.count('signings');
    const how = mayBeInline(file.contentType) ? this.parts.slots[file.slot].disposition : 'attachment';
    const disposition = dispositionHeader(how, file.filename);
    return storage.signGet(file.key, { signedAt, expiresAt, disposition, contentType: file.contentType });
  }
}

/** Half of a lifetime, in milliseconds, rounded down to whole seconds if it is at least one: S3 signs whole seconds. */
function windowOf(lifetimeMs: number): number {
  return lifetimeMs < 2_000 ? lifetimeMs / 2 : Math.floor(lifetimeMs / 2_000) * 1_000;
}
