import { UploadError, type UploadOptions } from './api.js';
import type { UploadRecord } from './records.js';
import type { Session, StartInput } from './sessions.js';

/** A file with what identifies it. */
export interface KnownFile {
  readonly file: Blob;
  /** Null where the page has no Web Crypto. */
  readonly samples: readonly string[] | null;
}

/** Which file goes where: the same for the same upload in every tab. Null where the file cannot be known again. */
export function placeOf(endpoint: string, options: UploadOptions, { file, samples }: KnownFile): string | null {
  const { slot, ownerId = null } = options;
  return samples && JSON.stringify([endpoint, slot, ownerId, file.size, samples]);
}

/** Whether a record is of the same file for the same place, with the same caption, resource or image. */
export function isRecordOf(
  record: UploadRecord,
  endpoint: string,
  options: UploadOptions,
  { file, samples }: KnownFile,
): boolean {
  const { input } = record;
  return (
    samples !== null &&
    record.endpoint === endpoint &&
    input.slot === options.slot &&
    input.ownerId === (options.ownerId ?? null) &&
    input.size === file.size &&
    input.samples?.join() === samples.join() &&
    detailsOf(input) === detailsOf(options)
  );
}

function detailsOf({ caption, resource, image }: Pick<StartInput, 'caption' | 'resource' | 'image'>): string {
  return JSON.stringify([caption, resource, image]);
}

/** Throws, in a sentence, why a file cannot continue a session that perhaps another device began. */
export function assertSameFile(session: Session, options: UploadOptions, { file, samples }: KnownFile): void {
  const { slot, ownerId = null } = options;
  if (session.slot !== slot || (ownerId !== null && session.ownerId !== ownerId)) {
    throw new UploadError('BAD_USER_INPUT', `That upload is for ${session.slot} of ${session.ownerId ?? 'no owner'}.`);
  }
  if (session.size !== file.size) {
    throw wrongFile(`This is another file: it has ${file.size} bytes, and the upload was begun with ${session.size}.`);
  }
  if (samples === null) {
    throw wrongFile('Whether this is the same file can be checked only on a page that was loaded over HTTPS.');
  }
  if (session.samples === null) {
    throw wrongFile(
      'The upload was begun without samples of its file, so it cannot be checked whether this is the same.',
    );
  }
  if (session.samples.join() !== samples.join()) {
    throw wrongFile(
      'This is another file: it has the same size and other content. A phone may encode a video anew each time it is chosen; then send it from the start.',
    );
  }
}

function wrongFile(sentence: string): UploadError {
  return new UploadError('WRONG_FILE', sentence);
}
