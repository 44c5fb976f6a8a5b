import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, inject } from 'vitest';
import type { Environment } from '../../src/config.js';
import { startServer, tryStartServer, type FailedStart, type ServerProcess } from './server.js';

/** Where the servers of one test keep their data. */
export interface ProcessSite {
  /** The DATA_DIR of the running test. */
  readonly dataDir: string;
  /** Starts a server as `npm start` does it after its build; in the folder of the data, where no `.env` lies. */
  start(environment?: Environment): Promise<ServerProcess>;
  /** Starts a server that has to be refused: exit code 1, a message for a person and no stack. */
  refusal(environment: Environment): Promise<FailedStart>;
}

/** A new folder for each test of the file that calls this. Servers are ended, and the folder removed, after the test. */
export function useProcessSite(): ProcessSite {
  let dataDir: string;
  let servers: ServerProcess[];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lectern-process-'));
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    await rm(dataDir, { recursive: true, force: true });
  });
  return {
    get dataDir() {
      return dataDir;
    },
    async start(environment = {}) {
      const server = await startServer({ PORT: '0', DATA_DIR: dataDir, ...environment }, dataDir);
      servers.push(server);
      return server;
    },
    async refusal(environment) {
      const outcome = await tryStartServer({ PORT: '0', DATA_DIR: dataDir, ...environment }, dataDir);
      if (!('exitCode' in outcome)) {
        servers.push(outcome);
        throw new Error('It has started.');
      }
      expect(outcome.exitCode).toBe(1);
      expect(outcome.stdout).toBe('');
      expect(outcome.stderr).not.toMatch(/\n\s+at /);
      return outcome;
    },
  };
}

/** The token that a server on the embedded database prints. */
export const tokenIn = (server: ServerProcess): string => /^ {2}(ey\S+)$/m.exec(server.stdout())![1]!;

/** The variables that a refusal names at the beginning of a line. */
export const variablesNamed = (text: string): string[] =>
  [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name!).sort();

/** With nothing set, and, when this run has an independent server, on that. */
export const DATABASES: [string, () => Environment][] = [['the embedded database', () => ({})]];
if (inject('mongodbUri') !== null) {
  DATABASES.push([
    'MongoDB',
    () => ({ MONGODB_URI: `${inject('mongodbUri')!.replace(/\/?(\?.*)?$/, '')}/p-${randomUUID().slice(0, 8)}` }),
  ]);
}
