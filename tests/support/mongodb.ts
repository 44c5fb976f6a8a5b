import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { mongo } from 'mongoose';

/** A MongoDB server for tests, other than the embedded database. */
export interface MongoServer {
  readonly uri: string;
  stop(): Promise<void>;
}

/** An independent server with MongoDB's protocol. MongoDB's own `mongod` is in no package registry. */
const SECANTUS = 'SecantusDB==0.7.0b3';
const SECANTUS_DIR = join(import.meta.dirname, '../../.test-servers/secantus');

/**
 * Chooses the server: the server of MONGODB_URI; else a `mongod` (MONGOMS_SYSTEM_BINARY, or on the PATH) as a replica set
 * of one; else SecantusDB from PyPI, which is installed on first use. The server ends at stop(), or with this process.
 */
export async function startMongoServer(): Promise<MongoServer> {
  const given = process.env['MONGODB_URI'];
  if (given !== undefined && given !== '') return { uri: given, stop: () => Promise.resolve() };
  const mongod = process.env['MONGOMS_SYSTEM_BINARY'] ?? onPath('mongod');
  return mongod === undefined ? startSecantus() : startMongod(mongod);
}

async function startSecantus(): Promise<MongoServer> {
  const venv = join(SECANTUS_DIR, 'venv');
  const program = join(venv, 'bin/secantusd-py');
  if (!existsSync(program)) {
    mkdirSync(SECANTUS_DIR, { recursive: true });
    run('python3', ['-m', 'venv', venv]);
    run(join(venv, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', SECANTUS]);
  }
  const port = await freePort();
  const args = ['--host', '127.0.0.1', '--port', String(port), '--storage-path', ':memory:', '--log-level', 'WARNING'];
  const stop = spawnTied(program, [...args, '--enable-test-commands']);
  // A direct connection, because the server is a replica set of one and would return an address that bypasses a proxy.
  const uri = `mongodb://127.0.0.1:${port}/test?directConnection=true`;
  await whenReady(uri, stop);
  return { uri, stop };
}

async function startMongod(program: string): Promise<MongoServer> {
  const directory = mkdtempSync(join(tmpdir(), 'lectern-mongod-'));
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind_ip',
    '127.0.0.1',
    '--dbpath',
    directory,
    '--replSet',
    'lectern',
    '--quiet',
  ];
  const end = spawnTied(program, args);
  const stop = async (): Promise<void> => {
    await end();
    rmSync(directory, { recursive: true, force: true });
  };
  const direct = `mongodb://127.0.0.1:${port}/test?directConnection=true`;
  await whenReady(direct, stop, async (client) => {
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
    await client.db('admin').command({ replSetInitiate: { _id: 'lectern', members } });
  });
  const uri = `mongodb://127.0.0.1:${port}/test?replicaSet=lectern`;
  await whenReady(uri, stop);
  return { uri, stop };
}

/** Waits until the server answers. If that fails, stops the server. */
async function whenReady(
  uri: string,
  stop: () => Promise<void>,
  use?: (client: mongo.MongoClient) => Promise<void>,
): Promise<void> {
  const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 30_000 });
  try {
    await client.connect();
    await (use?.(client) ?? client.db('admin').command({ ping: 1 }));
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * Starts a program that ends with this process, even after kill -9: a shell reads a pipe from this process, and kills
 * the program when the pipe ends.
 */
function spawnTied(program: string, args: readonly string[]): () => Promise<void> {
  const script = '"$@" </dev/null & pid=$!; read -r _; kill "$pid" 2>/dev/null; wait "$pid"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', program, ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  return () => {
    shell.stdin.end();
    return ended;
  };
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`, { cause: error });
}

function onPath(name: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return directories.map((directory) => join(directory, name)).find((candidate) => existsSync(candidate));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
