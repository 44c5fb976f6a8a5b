import { UploadError, type UploadedMedia, type UploadOptions, type UploadResult, type UploadSlot } from './api.js';
import type { GraphqlClient } from './graphql.js';
import { MEDIA_FIELDS } from './sessions.js';
import type { Timings } from './timings.js';
import { networkFailure } from './transient-failure.js';
import type { Send } from './transport.js';
import { Watchdog } from './watchdog.js';

/** A file below this size, in bytes, would be a single part. */
const SMALL = 8 * 1024 * 1024;

interface SmallUpload {
  readonly mutation: string;
  readonly owner: string;
  readonly field: string;
}

/**
 * The slots that hold one file have a mutation that takes it: one request in the place of three. When its answer is lost,
 * it can be sent again, as it only replaces the file. Lists and images would get the file twice: they always have a
 * session, which an idempotency key makes once.
 */
const MUTATIONS: Readonly<Partial<Record<UploadSlot, SmallUpload>>> = {
  VIDEO_FILE: { mutation: 'replaceVideoFile', owner: 'videoId', field: 'file' },
  VIDEO_THUMBNAIL: { mutation: 'uploadVideoThumbnail', owner: 'videoId', field: 'thumbnail' },
  COURSE_THUMBNAIL: { mutation: 'uploadCourseThumbnail', owner: 'courseId', field: 'thumbnail' },
  COURSE_INTRO_VIDEO: { mutation: 'uploadCourseIntroVideo', owner: 'courseId', field: 'introVideo' },
};

/** Whether a file goes as one GraphQL multipart request. */
export function isSmall(file: Blob, { slot, ownerId, sessionId }: UploadOptions): boolean {
  return file.size < SMALL && sessionId === undefined && typeof ownerId === 'string' && slot in MUTATIONS;
}

export interface SmallSending {
  readonly graphql: GraphqlClient;
  readonly send: Send;
  readonly timings: Pick<Timings, 'stall'>;
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a small file once (https://github.com/jaydenseric/graphql-multipart-request-spec). */
export async function sendSmall(
  file: Blob,
  filename: string,
  { slot, ownerId = null, contentType = file.type }: UploadOptions,
  { graphql, send, timings, onSent, signal }: SmallSending,
): Promise<UploadResult> {
  const upload = MUTATIONS[slot];
  if (upload === undefined) throw new UploadError('BAD_USER_INPUT', `The slot ${slot} has no mutation of one file.`);
  const { mutation, owner, field } = upload;
  const query = `mutation Upload($id: ID!, $file: Upload!) {
  ${mutation}(${owner}: $id, file: $file) { ${field} { ${MEDIA_FIELDS} } }
}`;
  const body = new FormData();
  body.append('operations', JSON.stringify({ query, variables: { id: ownerId, file: null } }));
  body.append('map', JSON.stringify({ 0: ['variables.file'] }));
  body.append('0', file.slice(0, file.size, contentType), filename);
  const watchdog = new Watchdog(timings.stall, signal);
  try {
    const data = await graphql.asViewer<Record<string, Record<string, UploadedMedia>>>((headers) => {
      watchdog.alive();
      return send({
        to: 'server',
        method: 'POST',
        url: graphql.endpoint,
        headers: { ...headers, 'apollo-require-preflight': 'true' },
        body,
        signal: watchdog.signal,
        onSent: (bytes) => {
          watchdog.alive();
          onSent(Math.min(bytes, file.size));
        },
      });
    });
    return { sessionId: null, slot, ownerId, media: data[mutation]?.[field] ?? null };
  } catch (error) {
    signal.throwIfAborted();
    throw watchdog.stalled ? networkFailure('server', error) : error;
  } finally {
    watchdog.end();
  }
}
