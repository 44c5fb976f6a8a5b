import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tied } from './children.js';
import { ROOT } from './docs-pages.js';
import { waitFor } from './patience.js';

const NGINX = '/usr/sbin/nginx';

/** Whether tests with nginx run. With REQUIRE_NGINX=1 they always run, and fail when it is not installed. */
export const hasNginx = existsSync(NGINX) || process.env['REQUIRE_NGINX'] === '1';

export interface Nginx {
  readonly stop: () => Promise<void>;
}

/** Where deploy/nginx.conf is used. */
export interface Place {
  /** The port of nginx. */
  readonly port: number;
  /** The port of Lectern. */
  readonly serverPort: number;
  /** The path prefix that nginx removes: `/lectern`. Empty for none. */
  readonly prefix?: string;
}

/** Starts nginx with deploy/nginx.conf, without certificates and on other ports. Everything else is as in the file. */
export async function startNginx(place: Place): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-nginx-'));
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    config,
    `daemon off; pid ${folder}/pid; error_log stderr; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      ${documented(place)}
    }`,
  );
  const child = tied(spawn(NGINX, ['-c', config, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] }));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`nginx ended: ${errors}`);
  });
  ended.catch(() => undefined);
  await Promise.race([waitFor(() => canConnect(place.port)), ended]);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The blocks of deploy/nginx.conf. With a prefix, they are changed as docs/deploy.md says. */
function documented({ port, serverPort, prefix = '' }: Place): string {
  const text = readFileSync(join(ROOT, 'deploy/nginx.conf'), 'utf8')
    .replace('server 127.0.0.1:4000;', `server 127.0.0.1:${serverPort};`)
    // The server on port 80, which redirects to the other one.
    .replace(/^server \{\n {4}listen 80;[\s\S]*?^\}\n/m, '')
    .replace(/^ *listen 443.*$/m, `listen 127.0.0.1:${port};`)
    .replace(/^ *(listen \[::\]|ssl_).*$/gm, '');
  if (prefix === '') return text;
  return text
    .replace('location / {', `location ${prefix}/ {`)
    .replace('proxy_pass http://lectern;', 'proxy_pass http://lectern/;');
}

async function canConnect(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
