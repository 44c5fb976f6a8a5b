import { LRUCache } from 'lru-cache';
import { LecternError } from '../errors.js';
import type { SignedUrl, Storage, StorageName } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { dispositionHeader } from './content/names.js';
import type { MediaFile } from './media-file.model.js';
import { mayBeInline, type MediaSlot, type SlotRules } from './slots.js';

export interface SignedUrlParts {
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly slots: Record<MediaSlot, SlotRules>;
  readonly telemetry: Telemetry;
  /** The time, in milliseconds. */
  readonly now?: () => number;
}

/** How many URLs are remembered; one is about 1 KiB. */
const REMEMBERED_URLS = 10_000;

/**
 * Signed URLs for files, made when asked for and never stored. The life of a URL begins at the start of a window of
 * half its lifetime, so that the same file has the same URL within a window and browsers can cache it; a client that gets
 * one has at least half of the lifetime left.
 */
export class SignedUrls {
  private readonly remembered = new LRUCache<string, Promise<SignedUrl>>({ max: REMEMBERED_URLS });
  /** One answer per file object, so that all fields of a response speak of the same URL. */
  private readonly answered = new WeakMap<MediaFile, Promise<SignedUrl>>();
  private readonly now: () => number;

  constructor(private readonly parts: SignedUrlParts) {
    this.now = parts.now ?? Date.now;
  }

  /** The URL of a file for now. STORAGE_UNAVAILABLE when the storage that holds it is not configured on this server. */
  of(file: MediaFile): Promise<SignedUrl> {
    const answered = this.answered.get(file) ?? this.current(file);
    this.answered.set(file, answered);
    return answered;
  }

  private async current(file: MediaFile): Promise<SignedUrl> {
    const lifetimeMs = this.parts.slots[file.slot].urlTtlSeconds * 1_000;
    const windowMs = windowOf(lifetimeMs);
    const signedAt = Math.floor(this.now() / windowMs) * windowMs;
    const expiresAt = signedAt + lifetimeMs;
    const name = `${file.storage}/${file.key}@${String(signedAt)}`;

    const known = this.remembered.get(name);
    if (known) return known;
    const signing = this.sign(file, new Date(signedAt), new Date(expiresAt));
    this.remembered.set(name, signing);
    const forget = (): boolean => this.remembered.delete(name);
    // A URL cut short by temporary credentials is signed anew each time: the next credentials give a longer one.
    await signing.then((signed) => signed.expiresAt.getTime() < expiresAt && forget(), forget);
    return signing;
  }

  private async sign(file: MediaFile, signedAt: Date, expiresAt: Date): Promise<SignedUrl> {
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

/** Half a lifetime, in whole seconds where it has them: S3 counts in seconds. */
function windowOf(lifetimeMs: number): number {
  return lifetimeMs < 2_000 ? lifetimeMs / 2 : Math.floor(lifetimeMs / 2_000) * 1_000;
}
