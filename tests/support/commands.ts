import mongoose from 'mongoose';
import { vi } from 'vitest';

/** A command as it went to the database. */
export interface SentCommand {
  readonly name: string;
  readonly command: Readonly<Record<string, unknown>>;
}

/** Whatever keeps a connection alive, and the sweeper's own reading. */
const NOT_OF_REQUESTS = new Set(['hello', 'isMaster', 'ismaster', 'ping', 'endSessions', 'killCursors']);

export interface CommandLog {
  /** The commands that were sent while `work` ran, getMore among them. */
  during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly commands: SentCommand[] }>;
}

/**
 * Makes the server that is started next tell of its commands, each right before it is written (driver: Command
 * Monitoring). The server itself connects without: the option is added to its call from outside.
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

/** Makes the server that is started next tell of its commands. */
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

/** The sweeper and the rebuilding of records read at their own times. */
function isOfUpkeep(command: object): boolean {
  const { filter, pipeline, ...rest } = command as Record<string, unknown>;
  const isOfRebuilding = JSON.stringify([filter, pipeline]).includes('"derivedVersion":null');
  return Object.values(rest).some((value) => value === 'media_objects' || value === 'leases') || isOfRebuilding;
}

/** How much a captured read costs, by the database's own word. */
export interface ReadCost {
  readonly returned: number;
  readonly docsExamined: number;
  /** The winning plan as JSON, to look for names of stages and indexes in. */
  readonly plan: string;
}

interface Explained {
  readonly queryPlanner: { readonly winningPlan: unknown };
  readonly executionStats: { readonly nReturned: number; readonly totalDocsExamined: number };
}

/** What of a find decides how it is carried out. The rest is of its session and its cursor. */
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
