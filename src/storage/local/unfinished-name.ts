import { createHash, randomUUID } from 'node:crypto';

/**
 * The name of a file until it is complete: `.unfinished-{owner}-{begun}-{random}`, in the folder of its object. `begun`
 * is in milliseconds since 1970. No segment of an object key begins with a dot, so this is never the name of an object.
 */
const PATTERN = /^\.unfinished-(?<owner>[0-9a-f]{16})-(?<begun>[0-9]{1,15})-[0-9a-f-]{36}$/;

export interface UnfinishedName {
  /** A hash that stands for the object key, which could be too long for a file name. */
  readonly owner: string;
  readonly begunAt: Date;
}

export function makeUnfinishedName(key: string): string {
  return `.unfinished-${ownerMark(key)}-${Date.now()}-${randomUUID()}`;
}

/** Returns null when it is not the name of an unfinished file. */
export function parseUnfinishedName(name: string): UnfinishedName | null {
  const groups = PATTERN.exec(name)?.groups;
  if (groups?.['owner'] === undefined || groups['begun'] === undefined) return null;
  return { owner: groups['owner'], begunAt: new Date(Number(groups['begun'])) };
}

/** The hash of an object key, as it stands in the names of its unfinished files: 16 hex digits. */
export function ownerMark(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
