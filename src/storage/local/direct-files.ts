import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pathOfKey, type KeyPath } from './folders.js';
import { ownerMark } from './unfinished-name.js';

/**
 * The files of a direct upload, in the folder that its object will be in: `.direct-{whose}-{begun}-{random}` and an
 * ending. Only `begin` creates them, so removed files never come back.
 */
export interface DirectFiles {
  readonly where: KeyPath;
  /** Every part at its place. Made first and removed last: the upload is there while this file is. */
  readonly bytes: string;
  /** Which parts are whole (part-marks.ts). Under this name, parts may be written. */
  readonly marks: string;
  /** The marks, while the upload is being completed: no part may be written. */
  readonly sealed: string;
}

const ID_PATTERN = /^[0-9]{1,15}-[0-9a-f-]{36}$/;
const BYTES_PATTERN = /^\.direct-(?<owner>[0-9a-f]{16})-(?<begun>[0-9]{1,15})-[0-9a-f-]{36}\.bytes$/;

/** The id of an upload that begins now. */
export function newUploadId(): string {
  return `${Date.now()}-${randomUUID()}`;
}

/** Where an upload is; null when the id is none of `newUploadId`. Throws InvalidObjectKeyError for what is no key. */
export function directFilesOf(root: string, key: string, uploadId: string): DirectFiles | null {
  const where = pathOfKey(root, key);
  if (!ID_PATTERN.test(uploadId)) return null;
  return filesAt(where, `.direct-${ownerMark(key)}-${uploadId}`);
}

/** What the name of a file of bytes says; null for every other name. */
export function parseDirectName(name: string): { readonly owner: string; readonly begunAt: Date } | null {
  const groups = BYTES_PATTERN.exec(name)?.groups;
  if (groups?.['owner'] === undefined || groups['begun'] === undefined) return null;
  return { owner: groups['owner'], begunAt: new Date(Number(groups['begun'])) };
}

/** The files of the upload whose bytes have this name. */
export function directFilesNamed(where: KeyPath, bytesName: string): DirectFiles {
  return filesAt(where, bytesName.slice(0, -'.bytes'.length));
}

/** Removes the files of an upload. A request that is writing a part notices that its marks are gone. */
export async function removeDirectFiles({ marks, sealed, bytes }: DirectFiles): Promise<void> {
  for (const file of [marks, sealed, bytes]) await rm(file, { force: true });
}

function filesAt(where: KeyPath, name: string): DirectFiles {
  const at = (ending: string): string => path.join(where.folder, `${name}.${ending}`);
  return { where, bytes: at('bytes'), marks: at('marks'), sealed: at('sealed') };
}
