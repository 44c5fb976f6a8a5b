import type { Collection } from './collection.js';
import type { Cursors } from './cursors.js';
import { CommandError, refuse } from './errors.js';
import { toCount, toNumber } from './numbers.js';
import type { Store } from './store.js';
import { fieldOf, isDoc, toDoc, toText } from './values.js';
import type { Doc } from './values.js';

/** What a command works with. */
export interface Context {
  readonly store: Store;
  readonly cursors: Cursors;
  readonly db: string;
  readonly command: Doc;
}

/** One command: the fields it knows besides those that all commands have, and what it does. */
export interface Command {
  readonly fields: readonly string[] | 'any';
  /** Whether it may write, and so is kept whole or not at all. */
  readonly writes?: true;
  /** The answer, without `ok`. */
  run(context: Context): Doc;
}

/** Fields that every command may have. Concerns and transactions are looked at below; the others change nothing here. */
const COMMON_FIELDS = [
  ...['$db', 'lsid', '$clusterTime', '$readPreference', 'maxTimeMS', 'comment'],
  ...['apiVersion', 'apiStrict', 'apiDeprecationErrors'],
  ...['readConcern', 'writeConcern', 'txnNumber', 'startTransaction', 'autocommit'],
];

/** Refuses what a command asks for that this server would otherwise silently leave out. */
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

/** Refuses the fields of a command, or of one of its statements, that are not among those it knows. */
export function assertFields(name: string, doc: Doc, known: readonly string[]): void {
  for (const field of Object.keys(doc)) {
    if (known.includes(field)) continue;
    refuse('option', field, new CommandError(40415, `BSON field '${name}.${field}' is an unknown field.`));
  }
}

/** The name of the collection a command is about: its first field's value. */
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

/** A field that must be a document when it is there. */
export function docField(command: Doc, name: string): Doc | undefined {
  const value = fieldOf(command, name);
  return value === undefined || value === null ? undefined : toDoc(value, name);
}

/** A field that must be a whole number, not negative, when it is there. */
export function countField(command: Doc, name: string): number | undefined {
  const value = fieldOf(command, name);
  return value === undefined || value === null ? undefined : toCount(value, name);
}
