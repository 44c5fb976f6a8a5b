import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, inject } from 'vitest';
import type { Environment } from '../../src/config.js';
import { startServer, tryStartServer, type FailedStart, type ServerProcess } from './server.js';

/** The folder and the servers of one test. */
export interface ProcessSite {
  /** The DATA_DIR of the running test. */
  readonly dataDir: string;
  /** Starts the built server like `npm start`, in the data folder, which has no `.env`. */
  start(environment?: Environment): Promise<ServerProcess>;
  /** Starts a server that must fail with exit code 1 and a message without a stack. */
  refusal(environment: Environment): Promise<FailedStart>;
}

/** Creates a new folder for each test of the calling file. After the test, ends its servers and removes the folder. */
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

/** Returns the token that a server prints in its banner. */
export const tokenIn = (server: ServerProcess): string => /^ {2}(ey\S+)$/m.exec(server.stdout())![1]!;

/** Returns the variables that a message names at the beginning of lines. */
export const variablesNamed = (text: string): string[] =>
  [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name!).sort();

/** The embedded database, and the independent server of this run, if there is one. */
export const DATABASES: [string, () => Environment][] = [['the embedded database', () => ({})]];
if (inject('mongodbUri') !== null) {
  DATABASES.push([
    'MongoDB',
    () => ({ MONGODB_URI: `${inject('mongodbUri')!.replace(/\/?(\?.*)?$/, '')}/p-${randomUUID().slice(0, 8)}` }),
  ]);
}
