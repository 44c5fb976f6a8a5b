import { createHash, randomUUID } from 'node:crypto';

/**
 * The name a file has until it is whole, in the folder it will live in: `.unfinished-{whose}-{begun}-{random}`.
 * No object key has a segment that begins with a dot, so none can be taken for one, or the other way round.
 */
const PATTERN = /^\.unfinished-(?<owner>[0-9a-f]{16})-(?<begun>[0-9]{1,15})-[0-9a-f-]{36}$/;

export interface UnfinishedName {
  /** Stands for the key: the key's own name could be too long to be part of this one. */
  readonly owner: string;
  readonly begunAt: Date;
}

export function makeUnfinishedName(key: string): string {
  return `.unfinished-${ownerMark(key)}-${Date.now()}-${randomUUID()}`;
}

export function parseUnfinishedName(name: string): UnfinishedName | null {
  const groups = PATTERN.exec(name)?.groups;
  if (groups?.['owner'] === undefined || groups['begun'] === undefined) return null;
  return { owner: groups['owner'], begunAt: new Date(Number(groups['begun'])) };
}

export function ownerMark(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
