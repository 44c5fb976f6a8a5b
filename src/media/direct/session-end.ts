import type { LecternError } from '../../errors.js';
import type { Decision } from '../decision.js';
import type { Verdict } from '../journal/session-record.model.js';
import type { ObjectDeletion } from '../object-deletion.js';
import type { Telemetry } from '../../telemetry.js';
import type { SessionJournal } from './session-journal.js';
import type { SessionRow } from './session-row.js';

export interface SessionEndParts {
  readonly sessions: SessionJournal;
  readonly decision: Decision;
  readonly deletion: ObjectDeletion;
  readonly telemetry: Telemetry;
}

/** Ends sessions without a file: the row first, then its owner is asked, then parts and object are deleted. */
export class SessionEnd {
  constructor(private readonly parts: SessionEndParts) {}

  /**
   * Ends an open session. Does nothing when it is no longer open: the request that ended it decides, or the sweeper.
   * @param error Why, for FAILED.
   */
  async kill(row: SessionRow, verdict: Verdict, error?: LecternError): Promise<void> {
    const { sessions, telemetry } = this.parts;
    const failure = error && { code: error.code, message: error.message };
    if (await telemetry.step('kill', row, () => sessions.kill(row, verdict, failure))) await this.decide(row);
  }

  /** Decides how a session ends whose row is `expired`, and deletes what it leaves. */
  async decide(row: SessionRow): Promise<void> {
    const { decision, deletion, sessions } = this.parts;
    if (!(await decision.decide(row))) return;
    const decided = await sessions.find(row.session.id);
    if (decided?.state === 'doomed') await deletion.attempt([row], { unfinished: true });
  }
}
