import type { StorageName } from '../storage/storage.js';

/** Identifies one object in one storage. */
export interface ObjectReference {
  readonly storage: StorageName;
  readonly key: string;
}

/** `{storage}/{key}`: identifies an object in sets, and is the id of its journal row. */
export function objectId({ storage, key }: ObjectReference): string {
  return `${storage}/${key}`;
}

export function isSameObject(a: ObjectReference, b: ObjectReference): boolean {
  return a.storage === b.storage && a.key === b.key;
}
