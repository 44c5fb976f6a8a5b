import { UploadService } from '../catalog/upload/upload.service.js';
import type { Config } from '../config.js';
import { CompletionRun, type CompletionRunParts } from '../media/direct/completion-run.js';
import { Completions, type CompletionTimings } from '../media/direct/completions.js';
import { SessionEnd } from '../media/direct/session-end.js';
import { SessionJournal } from '../media/direct/session-journal.js';
import { SessionPublication, type SessionPublicationParts } from '../media/direct/session-publication.js';
import { SessionStart } from '../media/direct/session-start.js';
import { UploadSessions } from '../media/direct/upload-sessions.js';
import { Decision } from '../media/decision.js';
import type { ObjectDeletion } from '../media/object-deletion.js';
import type { Storage } from '../storage/storage.js';

/** What direct uploads share with all other uploads. */
export interface DirectUploadsParts
  extends Omit<SessionPublicationParts, 'sessions' | 'end'>, Omit<CompletionRunParts, 'publication' | 'end'> {
  readonly storageForNewFiles: Storage;
  readonly deletion: ObjectDeletion;
  readonly timings: CompletionTimings;
}

/** Joins the parts of direct uploads. */
export function directUploads(
  { uploads: settings }: Config,
  shared: DirectUploadsParts,
): { uploads: UploadService; completions: Completions } {
  const sessions = new SessionJournal();
  shared.telemetry.metrics.gaugeBy(
    'status',
    'lectern_upload_sessions',
    'Direct uploads that are open, and those that ended in the last day, by status.',
    () => sessions.countByStatus(),
  );
  const end = new SessionEnd({ ...shared, sessions, decision: new Decision(shared) });
  const publication = new SessionPublication({ ...shared, sessions, end });
  const run = new CompletionRun({ ...shared, publication, end });
  const completions = new Completions({ ...shared, sessions, run });
  const limits = { sessions: settings.sessionsPerViewer, bytes: settings.sessionBytesPerViewer };
  const starts = new SessionStart({ ...shared, sessions, limits });
  const open = new UploadSessions({ ...shared, sessions, end, completions });
  const uploads = new UploadService(starts, open, shared.slots);
  return { uploads, completions };
}
