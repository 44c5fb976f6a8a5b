import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tied } from './children.js';
import { ROOT } from './docs-pages.js';
import { freePort } from './free-port.js';
import { waitFor } from './patience.js';

const CADDY = '/usr/bin/caddy';
const DOCUMENTED = join(ROOT, 'deploy/Caddyfile');

/** Whether tests with Caddy run. With REQUIRE_CADDY=1 they always run, and fail when it is not installed. */
export const hasCaddy = existsSync(CADDY) || process.env['REQUIRE_CADDY'] === '1';

/** The hosts of compose.yaml. radosgw takes a host that it does not know for the name of a bucket; it knows localhost. */
export const CADDY_HOSTS = { LECTERN_HOST: 'lectern.example.org', FILES_HOST: 'localhost' };

export interface CaddyPlace {
  /** The port of Caddy for HTTPS. */
  readonly port: number;
  /** `host:port` of Lectern. */
  readonly lectern: string;
  /** `host:port` of the store. */
  readonly store: string;
}

export interface Caddy {
  /** The folder of its files. */
  readonly folder: string;
  /** The certificate of the authority that signs its certificates. */
  readonly authority: string;
  stop(): Promise<void>;
}

/** Runs `caddy validate` on deploy/Caddyfile as it is. Rejects when it is not valid. */
export async function validateCaddyfile(): Promise<string> {
  const args = ['validate', '--adapter', 'caddyfile', '--config', DOCUMENTED];
  // Caddy creates its authority even here.
  const folder = await mkdtemp(join(tmpdir(), 'lectern-caddy-'));
  try {
    const env = { ...CADDY_HOSTS, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return (await promisify(execFile)(CADDY, args, { env })).stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts Caddy with deploy/Caddyfile on other ports, with certificates of its own authority and with these upstreams. */
export async function startCaddy({ port, lectern, store }: CaddyPlace): Promise<Caddy> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-caddy-'));
  const config = join(folder, 'Caddyfile');
  const options = [
    'admin off',
    'local_certs',
    'skip_install_trust',
    `http_port ${await freePort()}`,
    `https_port ${port}`,
  ];
  const documented = readFileSync(DOCUMENTED, 'utf8')
    .replace('reverse_proxy lectern:4000', `reverse_proxy ${lectern}`)
    .replace('reverse_proxy store:8333', `reverse_proxy ${store}`);
  await writeFile(config, `{\n${options.join('\n')}\n}\n${documented}`);
  const env = { ...CADDY_HOSTS, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ['run', '--adapter', 'caddyfile', '--config', config];
  const child = tied(spawn(CADDY, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`Caddy ended: ${log}`);
  });
  ended.catch(() => undefined);
  const authority = join(folder, 'caddy/pki/authorities/local/root.crt');
  await Promise.race([
    waitFor(async () => {
      await readFile(authority);
      // It says so once for each host, when the host has its certificate.
      const issued = log.split('certificate obtained successfully').length - 1;
      if (issued < Object.keys(CADDY_HOSTS).length) throw new Error(log);
    }),
    ended,
  ]);
  return {
    folder,
    authority,
    stop: async () => {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
