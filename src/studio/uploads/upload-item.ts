import type { UploadError, UploadOptions, UploadState } from '../../upload-client/api.js';

/** What an upload is doing, and where it can stand when it is not running. */
export type ItemState = UploadState | 'checking' | 'done' | 'failed' | 'refused' | 'unfinished' | 'elsewhere';

/** Where a file goes. */
export type Target = Pick<UploadOptions, 'slot' | 'ownerId' | 'caption' | 'resource' | 'filename'>;

/** An upload as the tray shows it. Each change makes a new object. */
export interface UploadItem {
  readonly key: number;
  readonly filename: string;
  /** In bytes. */
  readonly size: number;
  readonly target: Target;
  readonly state: ItemState;
  /** In bytes. */
  readonly loaded: number;
  /** In bytes per second. */
  readonly rate: number;
  readonly error: UploadError | null;
  /** What viewers will notice of the file. */
  readonly warnings: readonly string[];
  /** The session to continue. Null when there is none, or when it is not known yet. */
  readonly sessionId: string | null;
  /** Whether the browser has kept the file of an interrupted upload, so that it need not be chosen again. */
  readonly hasFile: boolean;
}

const RUNNING: readonly ItemState[] = ['checking', 'waiting', 'preparing', 'sending', 'offline', 'verifying'];

export function isRunning({ state }: UploadItem): boolean {
  return RUNNING.includes(state);
}

/** Whether the person has to do something. */
export function needsAttention({ state }: UploadItem): boolean {
  return state === 'failed' || state === 'refused' || state === 'unfinished' || state === 'elsewhere';
}
