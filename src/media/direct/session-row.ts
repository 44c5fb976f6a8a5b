import { LecternError, type ErrorCode } from '../../errors.js';
import type { DirectUpload, DirectUploads } from '../../storage/direct-uploads.js';
import type { Storage } from '../../storage/storage.js';
import type { SessionRecord } from '../journal/session-record.model.js';
import type { UploadRow } from '../journal/upload-row.model.js';
import type { LifeTiming } from '../life-timing.js';

/** The row of a direct upload. */
export type SessionRow = UploadRow & { readonly session: SessionRecord };

/**
 * The status of a direct upload.
 * - `WAITING`: the client sends parts, and has not asked for the completion
 * - `VERIFYING`: a server completes it, or decides how it ends
 * - the others: it has ended, see `Verdict`
 */
export const UPLOAD_STATUSES = ['WAITING', 'VERIFYING', 'PUBLISHED', 'FAILED', 'ABORTED', 'EXPIRED'] as const;
export type UploadStatus = (typeof UPLOAD_STATUSES)[number];

/** The longest time from the start of a session to its end, whatever its client does, in milliseconds. */
const LONGEST_SESSION_MS = 7 * 24 * 60 * 60 * 1_000;

export function statusOf({ state, session }: SessionRow): UploadStatus {
  if (state === 'pending') return session.leaseUntil === undefined ? 'WAITING' : 'VERIFYING';
  // It was ended, and the server still has to ask the owner whether the file was published before that.
  if (state === 'expired') return 'VERIFYING';
  return session.verdict ?? 'EXPIRED';
}

/** Whether the session has not ended yet. */
export function isOpen(row: SessionRow): boolean {
  const status = statusOf(row);
  return status === 'WAITING' || status === 'VERIFYING';
}

/** The error for a client that wants to continue an ended session. Undefined for one that is open or published. */
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

/** The upload as the storage knows it. Only for a session that the storage has begun. */
export function directUploadOf({ key, session }: SessionRow): DirectUpload {
  const { id, uploadId = '', size, partSize } = session;
  return { key, uploadId, sessionId: id, size, partSize };
}

/** The direct uploads of a storage. Throws STORAGE_UNAVAILABLE when it has none, or there is no such storage. */
export function directOf(storage: Storage | undefined): DirectUploads {
  if (storage?.direct) return storage.direct;
  throw new LecternError('STORAGE_UNAVAILABLE', 'The storage of this upload takes no direct uploads on this server.');
}

/** The deadline of a session after its client has asked for a signature or sent bytes. */
export function clientDeadline({ createdAt }: Pick<SessionRecord, 'createdAt'>, timing: LifeTiming): Date {
  return new Date(Math.min(Date.now() + timing.sessionDeadlineMs, createdAt.getTime() + LONGEST_SESSION_MS));
}

/** The deadline of a session that a server completes: it is not swept meanwhile, even after the longest time. */
export function completionDeadline(session: Pick<SessionRecord, 'createdAt'>, timing: LifeTiming): Date {
  return new Date(Math.max(clientDeadline(session, timing).getTime(), Date.now() + timing.pendingDeadlineMs));
}
