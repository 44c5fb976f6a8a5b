import { LecternError, type ErrorCode } from '../../errors.js';
import type { DirectUpload, DirectUploads } from '../../storage/direct-uploads.js';
import type { Storage } from '../../storage/storage.js';
import type { SessionRecord } from '../journal/session-record.model.js';
import type { UploadRow } from '../journal/upload-row.model.js';
import type { LifeTiming } from '../life-timing.js';

/** The row of a direct upload. */
export type SessionRow = UploadRow & { readonly session: SessionRecord };

/**
 * Where a direct upload stands.
 * - `WAITING` for parts, or for its completion to be asked for
 * - `VERIFYING`: its completion was asked for, or how it ends is being decided
 * - the others are how it ended: see `Verdict`
 */
export const UPLOAD_STATUSES = ['WAITING', 'VERIFYING', 'PUBLISHED', 'FAILED', 'ABORTED', 'EXPIRED'] as const;
export type UploadStatus = (typeof UPLOAD_STATUSES)[number];

/** The longest time from the start of a session to its end, whatever its client does, in milliseconds. */
const LONGEST_SESSION_MS = 7 * 24 * 60 * 60 * 1_000;

export function statusOf({ state, session }: SessionRow): UploadStatus {
  if (state === 'pending') return session.leaseUntil === undefined ? 'WAITING' : 'VERIFYING';
  // Whoever has ended the row is still asking its owner whether the file was published before.
  if (state === 'expired') return 'VERIFYING';
  return session.verdict ?? 'EXPIRED';
}

/** Whether the session has not ended yet. */
export function isOpen(row: SessionRow): boolean {
  const status = statusOf(row);
  return status === 'WAITING' || status === 'VERIFYING';
}

/** What a client is told who wants to go on with a session that is over; undefined when it has not ended so. */
export function endOf(row: SessionRow): LecternError | undefined {
  switch (statusOf(row)) {
    case 'FAILED': {
      const { code, message }: { code: ErrorCode; message?: string } = row.session.failure ?? { code: 'NOT_FOUND' };
      return new LecternError(code, message);
    }
    case 'ABORTED':
      return new LecternError('CONFLICT', 'This upload was aborted. Start a new one.');
    case 'EXPIRED':
      return new LecternError('UPLOAD_EXPIRED');
    default:
      return undefined;
  }
}

/** The upload as the storage knows it. Of a session that clients know, so it has been begun. */
export function directUploadOf({ key, session }: SessionRow): DirectUpload {
  const { id, uploadId = '', size, partSize } = session;
  return { key, uploadId, sessionId: id, size, partSize };
}

/** What a storage does for direct uploads. Throws STORAGE_UNAVAILABLE for a storage that does nothing, and for none. */
export function directOf(storage: Storage | undefined): DirectUploads {
  if (storage?.direct) return storage.direct;
  throw new LecternError('STORAGE_UNAVAILABLE', 'The storage of this upload takes no direct uploads on this server.');
}

/** The deadline of a session after a sign of life of its client. */
export function clientDeadline({ createdAt }: Pick<SessionRecord, 'createdAt'>, timing: LifeTiming): Date {
  return new Date(Math.min(Date.now() + timing.sessionDeadlineMs, createdAt.getTime() + LONGEST_SESSION_MS));
}

/** The deadline of a session that a server is at work on: also past the longest time, it is not swept under its hands. */
export function completionDeadline(session: Pick<SessionRecord, 'createdAt'>, timing: LifeTiming): Date {
  return new Date(Math.max(clientDeadline(session, timing).getTime(), Date.now() + timing.pendingDeadlineMs));
}
