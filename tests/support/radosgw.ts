import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cephConfig } from './radosgw-config.js';

/** A real S3 server for one test run: Ceph's radosgw on loopback, with everything in memory (about 280 MB). */
export interface Radosgw {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Resolves when the server answers. Rejects when it does not start. */
  readonly ready: Promise<void>;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

/** Debian: ceph-mon, ceph-osd, radosgw, and ceph-common for the rest. */
const PROGRAMS = ['monmaptool', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'ceph', 'radosgw', 'radosgw-admin'];

/** In milliseconds. The start takes about 10 s, and several times that on a busy machine. */
const START_TIMEOUT = 90_000;
const POLL_INTERVAL = 100;

const run = promisify(execFile);

/** Begins to start the server. Returns null when its packages are not installed. */
export async function startRadosgw(): Promise<Radosgw | null> {
  for (const program of PROGRAMS) if (!(await isInstalled(program))) return null;

  const directory = await mkdtemp(path.join(os.tmpdir(), 'lectern-s3-'));
  const daemons = new Daemons();
  const [monitorPort, s3Port] = await freePorts();
  const access: Access = {
    endpoint: `http://127.0.0.1:${s3Port}`,
    accessKeyId: 'lectern-tests',
    secretAccessKey: randomUUID(),
  };
  const ready = startIn({ directory, monitorPort, s3Port, ...access }, daemons);
  const ended = ready.catch(() => undefined);
  const stop = async (): Promise<void> => {
    // What is being started cannot be stopped.
    await ended;
    await daemons.end();
    await rm(directory, { recursive: true, force: true });
  };
  return { ...access, ready, stop };
}

type Access = Pick<Radosgw, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>;

interface Place extends Access {
  readonly directory: string;
  readonly monitorPort: number;
  readonly s3Port: number;
}

async function startIn(place: Place, daemons: Daemons): Promise<void> {
  const { directory, monitorPort, s3Port } = place;
  const [clusterId, osdId] = [randomUUID(), randomUUID()];
  const inside = (name: string): string => path.join(directory, name);
  const configured = ['-c', inside('ceph.conf')];

  for (const name of ['mon', 'osd', 'rgw']) await mkdir(inside(name));
  await writeFile(inside('ceph.conf'), cephConfig({ directory, clusterId, monitorPort, s3Port }));
  await run('monmaptool', [
    '--create',
    '--fsid',
    clusterId,
    '--addv',
    'a',
    `[v2:127.0.0.1:${monitorPort}]`,
    inside('monmap'),
  ]);
  await makeKeyring(inside('keyring'));
  await run('ceph-mon', [
    ...configured,
    '-i',
    'a',
    '--mkfs',
    '--monmap',
    inside('monmap'),
    '--keyring',
    inside('keyring'),
  ]);
  daemons.start('ceph-mon', [...configured, '-f', '-i', 'a']);
  await run('ceph', [...configured, '--connect-timeout', '30', 'osd', 'new', osdId]);
  await run('ceph-osd', [...configured, '-i', '0', '--mkfs', '--osd-uuid', osdId]);
  daemons.start('ceph-osd', [...configured, '-f', '-i', '0']);

  await run('radosgw-admin', [
    ...[...configured, '-n', 'client.rgw', 'user', 'create', '--uid=tests', '--display-name=tests'],
    ...[`--access-key=${place.accessKeyId}`, `--secret=${place.secretAccessKey}`],
  ]);
  daemons.start('radosgw', [...configured, '-f', '-n', 'client.rgw']);
  await untilItAnswers(place.endpoint, daemons);
}

/** Ceph requires a key for each daemon: `auth none` does not work with this version. */
async function makeKeyring(keyring: string): Promise<void> {
  const rights: [name: string, ...caps: string[]][] = [
    ['mon.', 'mon', 'allow *'],
    ['client.admin', 'mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
    ['client.rgw', 'mon', 'allow rw', 'osd', 'allow rwx'],
    ['osd.0', 'mon', 'allow profile osd', 'osd', 'allow *'],
  ];
  await run('ceph-authtool', ['--create-keyring', keyring]);
  for (const [name, ...caps] of rights) {
    const pairs = caps.flatMap((cap, index) => (index % 2 === 0 ? ['--cap', cap] : [cap]));
    await run('ceph-authtool', [keyring, '--gen-key', '-n', name, ...pairs]);
  }
}

/** The processes of one server. They end with it, or with the process that started them. */
class Daemons {
  private readonly children: { readonly name: string; readonly process: ChildProcess }[] = [];
  private readonly killAll = (): void => {
    // Everything is in memory, so nothing has to be written before the end.
    for (const child of this.children) child.process.kill('SIGKILL');
  };

  constructor() {
    process.once('exit', this.killAll);
  }

  start(name: string, args: readonly string[]): void {
    this.children.push({ name, process: spawn(name, args, { stdio: 'ignore' }) });
  }

  /** Returns the name of a daemon that has ended. Returns undefined when all are running. */
  fallen(): string | undefined {
    return this.children.find(({ process: child }) => !isRunning(child))?.name;
  }

  async end(): Promise<void> {
    process.removeListener('exit', this.killAll);
    const exits = this.children.filter((child) => isRunning(child.process)).map((child) => once(child.process, 'exit'));
    this.killAll();
    await Promise.all(exits);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Whether the server has started. */
export function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function untilItAnswers(endpoint: string, daemons: Daemons): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    if (await answers(endpoint)) return;
    const fallen = daemons.fallen();
    if (fallen !== undefined) throw new Error(`${fallen} ended while the S3 server was starting.`);
    if (Date.now() > deadline) throw new Error(`The S3 server did not answer within ${START_TIMEOUT} ms.`);
    await delay(POLL_INTERVAL);
  }
}

/** Returns two free ports. Both are opened at the same time, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers: [Server, Server] = [createServer(), createServer()];
  const ports: [number, number] = [await portOf(servers[0]), await portOf(servers[1])];
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return address.port;
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(path.join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
