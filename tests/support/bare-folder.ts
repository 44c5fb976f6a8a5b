import { execFile, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from '../../src/config.js';
import { ROOT } from './docs-pages.js';
import { serverOf, type ServerProcess } from './server.js';

const run = promisify(execFile);

/** The user and the group `nobody` of Debian. */
const NOBODY = 65_534;
/** What the last stage of the Dockerfile copies. */
const SHIPPED = ['package.json', 'package-lock.json', '.npmrc', 'dist', 'samples'];

/** Run in a mount namespace of its own: makes every file system read-only for the command, except the folder $1, and runs it as the user $2. */
const READ_ONLY = `
  set -e
  mount --make-rprivate /
  mount --bind "$1" "$1"
  mount -o remount,ro,bind /
  for place in /dev/shm /tmp; do
    if mountpoint -q "$place"; then mount -o remount,ro,bind "$place"; fi
  done
  user=$2
  shift 2
  exec setpriv --pdeathsig KILL --reuid="$user" --regid="$user" --clear-groups --no-new-privs env -i "$@"
`;

/** An installation like the container's: its files belong to root, and only its data folder can be written. */
export interface BareFolder {
  readonly path: string;
  readonly dataDir: string;
}

/** Copies what is shipped into an empty folder and installs the production dependencies there. */
export async function makeBareFolder(): Promise<BareFolder> {
  const path = await mkdtemp(join(tmpdir(), 'lectern-bare-'));
  for (const name of SHIPPED) await cp(join(ROOT, name), join(path, name), { recursive: true });
  await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: path });
  await mkdir(join(path, 'bin'));
  await symlink('../dist/cli/main.js', join(path, 'bin/lectern'));
  const dataDir = join(path, 'data');
  await mkdir(dataDir);
  await chown(dataDir, NOBODY, NOBODY);
  await chmod(path, 0o755);
  return { path, dataDir };
}

/**
 * Starts a command that serves requests, as another user with a read-only root and only the given variables. As in a
 * container it is process 1, and all processes that it has started end with it.
 */
export async function startRestricted(
  folder: BareFolder,
  command: readonly string[],
  environment: Environment,
): Promise<ServerProcess> {
  const [program, args] = restricted(folder, command, environment);
  const child = spawn(program, args, { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome = await serverOf(child);
  if ('exitCode' in outcome) throw new Error(`It ended: ${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

/** Sends SIGTERM to a server of `startRestricted`. Returns its exit code. */
export async function stopRestricted({ process: unshare, ended }: ServerProcess): Promise<number | null> {
  const pid = String(unshare.pid);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  process.kill(Number(children.trim()), 'SIGTERM');
  return ended();
}

/** Runs a command in the same way to its end. Returns what it printed. Throws when it fails. */
export async function runRestricted(
  folder: BareFolder,
  command: readonly string[],
  environment: Environment,
): Promise<string> {
  const { stdout } = await run(...restricted(folder, command, environment), { cwd: folder.path });
  return stdout;
}

function restricted(
  { path, dataDir }: BareFolder,
  command: readonly string[],
  environment: Environment,
): [program: string, args: string[]] {
  const PATH = [join(path, 'bin'), process.env['PATH']].join(delimiter);
  const variables = Object.entries({ PATH, DATA_DIR: dataDir, ...environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [
    'unshare',
    ['--mount', '--pid', '--fork', 'sh', '-c', READ_ONLY, 'sh', dataDir, String(NOBODY), ...variables, ...command],
  ];
}
