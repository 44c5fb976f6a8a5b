import type { Collection } from './collection.js';
import type { Cursors } from './cursors.js';
import type { CursorReply } from './encoded.js';
import { CommandError, refuse } from './errors.js';
import { toCount, toNumber } from './numbers.js';
import type { Store } from './store.js';
import { fieldOf, isDoc, toDoc, toText } from './values.js';
import type { Doc } from './values.js';

/** The arguments of a command. */
export interface Context {
  readonly store: Store;
  readonly cursors: Cursors;
  readonly db: string;
  readonly command: Doc;
}

/** A command: its fields, besides those of all commands, and its implementation. */
export interface Command {
  readonly fields: readonly string[] | 'any';
  /** True for a command that may write. It is then carried out completely or not at all. */
  readonly writes?: true;
  /** Returns the reply, without `ok`. */
  run(context: Context): Doc | CursorReply;
}

/** Fields that every command may have. `assertCommand` checks concerns and transactions. The others have no effect. */
const COMMON_FIELDS = [
  ...['$db', 'lsid', '$clusterTime', '$readPreference', 'maxTimeMS', 'comment'],
  ...['apiVersion', 'apiStrict', 'apiDeprecationErrors'],
  ...['readConcern', 'writeConcern', 'txnNumber', 'startTransaction', 'autocommit'],
];

/** Refuses options of a command that this server does not support and would otherwise ignore. */
export function assertCommand(name: string, { fields }: Command, command: Doc): void {
  if (fields !== 'any') assertFields(name, command, [name, ...COMMON_FIELDS, ...fields]);
  if ('txnNumber' in command || 'startTransaction' in command || 'autocommit' in command) {
    throw new CommandError(20, 'Transaction numbers are only allowed on a replica set member or mongos');
  }
  const level = isDoc(command['readConcern']) ? command['readConcern']['level'] : undefined;
  if (level === 'snapshot' || level === 'linearizable') {
    throw new CommandError(123, `readConcern level ${level} needs a replica set`);
  }
  const w = isDoc(command['writeConcern']) ? command['writeConcern']['w'] : undefined;
  if (w !== undefined && w !== 'majority' && !(toNumber(w) <= 1)) {
    throw new CommandError(2, "cannot use 'w' > 1 when a host is not replicated");
  }
}

/** Refuses the fields of a command, or of one of its statements, that are not in `known`. */
export function assertFields(name: string, doc: Doc, known: readonly string[]): void {
  for (const field of Object.keys(doc)) {
    if (known.includes(field)) continue;
    refuse('option', field, new CommandError(40415, `BSON field '${name}.${field}' is an unknown field.`));
  }
}

/** Returns the name of the collection of a command: the value of its first field. */
export function collectionName({ command }: Context): string {
  const [name, value] = Object.entries(command)[0] as [string, unknown];
  return toText(value, `${name}.${name}`);
}

export function collectionOf(context: Context): Collection | undefined {
  return context.store.find(context.db, collectionName(context));
}

export function namespaceOf(context: Context): string {
  return `${context.db}.${collectionName(context)}`;
}

/** Returns a field that must be a document. Returns undefined when it is absent or null. */
export function docField(command: Doc, name: string): Doc | undefined {
  const value = fieldOf(command, name);
  return value === undefined || value === null ? undefined : toDoc(value, name);
}

/** Returns a field that must be a whole number from 0. Returns undefined when it is absent or null. */
export function countField(command: Doc, name: string): number | undefined {
  const value = fieldOf(command, name);
  return value === undefined || value === null ? undefined : toCount(value, name);
}
