import mongoose from 'mongoose';
import { vi } from 'vitest';
import type { TestApp } from './app.js';

/** A command that was sent to the database. */
export interface SentCommand {
  readonly name: string;
  readonly command: Readonly<Record<string, unknown>>;
}

/** Commands for the connection, and those of the sweeper. */
const NOT_OF_REQUESTS = new Set(['hello', 'isMaster', 'ismaster', 'ping', 'endSessions', 'killCursors']);

export interface CommandLog {
  /** Returns the commands that were sent while `work` ran, including getMore. */
  during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly commands: SentCommand[] }>;
}

/**
 * Calls `hear` with each command of the next server that is started, right before the command is sent (driver: Command
 * Monitoring). Adds the option to the server's call of `connect`, because the server itself does not set it.
 */
export function watchCommands(hear: (sent: SentCommand) => void): void {
  const connect = mongoose.connect.bind(mongoose);
  const spy = vi.spyOn(mongoose, 'connect').mockImplementation(async (uri, options) => {
    spy.mockRestore();
    const connected = await connect(uri, { ...options, monitorCommands: true });
    mongoose.connection.getClient().on('commandStarted', ({ commandName, command }) => {
      if (!NOT_OF_REQUESTS.has(commandName) && !isOfUpkeep(command)) hear({ name: commandName, command });
    });
    return connected;
  });
}

/**
 * Ends the background work of a server, so that only requests send commands. A server that starts sweeps, rebuilds
 * records and measures files at once; on a busy machine, this work may overlap with the first tests.
 */
export async function endUpkeep({ app }: TestApp): Promise<void> {
  await Promise.all([app.sweeper.stop(), app.rebuilding.stop(), app.remeasuring.stop()]);
}

/** Records the commands of the next server that is started. Call `endUpkeep` once it has started. */
export function logCommands(): CommandLog {
  let heard: SentCommand[] | undefined;
  watchCommands((sent) => heard?.push(sent));
  return {
    async during(work) {
      const commands: SentCommand[] = (heard = []);
      try {
        return { result: await work(), commands };
      } finally {
        heard = undefined;
      }
    },
  };
}

/** Whether a command belongs to the sweeper or to the rebuilding of records, which run at any time. Clients list sessions. */
function isOfUpkeep(command: object): boolean {
  const { filter, pipeline, ...rest } = command as Record<string, unknown>;
  const asked = JSON.stringify([filter, pipeline]);
  if (asked.includes('"session.makerId"')) return false;
  const isOfRebuilding = asked.includes('"derivedVersion":null');
  return Object.values(rest).some((value) => value === 'media_objects' || value === 'leases') || isOfRebuilding;
}

/** The cost of a captured read, as the database reports it. */
export interface ReadCost {
  readonly returned: number;
  readonly docsExamined: number;
  /** The winning plan as JSON, in which tests look for names of stages and indexes. */
  readonly plan: string;
}

interface Explained {
  readonly queryPlanner: { readonly winningPlan: unknown };
  readonly executionStats: { readonly nReturned: number; readonly totalDocsExamined: number };
}

/** The fields of a find that determine its plan. The others concern the session and the cursor. */
const READING = new Set(['find', 'filter', 'sort', 'skip', 'limit', 'hint']);

/** Asks the database to explain a captured find. */
export async function explainFind({ command }: SentCommand): Promise<ReadCost> {
  const reading = Object.entries(command).filter(([name]) => READING.has(name));
  const explain = Object.fromEntries(reading);
  const answer = await mongoose.connection.db!.command({ explain, verbosity: 'executionStats' });
  const { executionStats, queryPlanner } = answer as unknown as Explained;
  return {
    returned: executionStats.nReturned,
    docsExamined: executionStats.totalDocsExamined,
    plan: JSON.stringify(queryPlanner.winningPlan),
  };
}
