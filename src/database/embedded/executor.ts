import { ADMIN_COMMANDS } from './admin-commands.js';
import { assertCommand } from './command.js';
import type { Command, Context } from './command.js';
import { Cursors } from './cursors.js';
import { encodeReply } from './encoded.js';
import type { CursorReply, Encoded } from './encoded.js';
import { CommandError } from './errors.js';
import { INDEX_COMMANDS } from './index-commands.js';
import { READ_COMMANDS } from './read-commands.js';
import type { Store } from './store.js';
import { encode, toText } from './values.js';
import type { Doc } from './values.js';
import { WRITE_COMMANDS } from './write-commands.js';

const COMMANDS = new Map<string, Command>(
  Object.entries({ ...ADMIN_COMMANDS, ...INDEX_COMMANDS, ...READ_COMMANDS, ...WRITE_COMMANDS }),
);

/** Executes commands on the store, one at a time. Every error becomes a reply. */
export class Executor {
  private readonly cursors = new Cursors();

  constructor(private readonly store: Store) {}

  /** Returns the encoded reply to a command. Its writes are durable only after `store.commit()`: send the reply after that. */
  execute(command: Doc): Encoded {
    try {
      return encodeReply(this.run(command));
    } catch (error) {
      return errorReply(error);
    }
  }

  private run(document: Doc): Doc | CursorReply {
    const name = Object.keys(document)[0] ?? '';
    const command = COMMANDS.get(name);
    if (command === undefined) throw new CommandError(59, `no such command: '${name}'`);
    assertCommand(name, command, document);
    const db = toText(document['$db'], '$db');
    const context: Context = { store: this.store, cursors: this.cursors, db, command: document };
    return command.writes ? this.store.atomically(() => command.run(context)) : command.run(context);
  }
}

/** Makes a reply of an error. A CommandError keeps its code; all others are bugs of this server (code 1). */
export function errorReply(error: unknown): Encoded {
  const known = error instanceof CommandError ? error : new CommandError(isFull(error) ? 14031 : 1, String(error));
  return encode({ ok: 0, errmsg: known.message, code: known.code, codeName: known.codeName, ...known.details });
}

function isFull(error: unknown): boolean {
  return /database or disk is full/i.test(String(error));
}
