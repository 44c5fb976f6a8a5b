import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tied } from './children.js';
import { ROOT } from './docs-pages.js';
import { waitFor } from './patience.js';

const NGINX = '/usr/sbin/nginx';

/** Whether tests with nginx run. With REQUIRE_NGINX=1 they always run, and fail when it is not installed. */
export const hasNginx = existsSync(NGINX) || process.env['REQUIRE_NGINX'] === '1';

/** The name in deploy/nginx.conf. */
export const NGINX_HOST = 'lectern.example.org';

export interface Nginx {
  /** The folder of its temporary files. */
  readonly folder: string;
  /** With TLS: the certificate that it shows, which is its own authority. */
  readonly certificate: string;
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
  /** The port on which it redirects to TLS. Absent: without TLS, and without the server that redirects. */
  readonly redirectPort?: number;
}

/** Starts nginx with deploy/nginx.conf on other ports, and with a new certificate. Everything else is as in the file. */
export async function startNginx(place: Place): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-nginx-'));
  const config = join(folder, 'nginx.conf');
  const certificate = join(folder, 'fullchain.pem');
  if (place.redirectPort !== undefined) await makeCertificate(certificate, join(folder, 'privkey.pem'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    config,
    `daemon off; pid ${folder}/pid; error_log stderr; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      ${place.redirectPort === undefined ? withoutTls(place) : withTls(place, place.redirectPort, folder)}
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
    folder,
    certificate,
    stop: async () => {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const text = (serverPort: number): string =>
  readFileSync(join(ROOT, 'deploy/nginx.conf'), 'utf8').replace(
    'server 127.0.0.1:4000;',
    `server 127.0.0.1:${serverPort};`,
  );

/** The blocks of deploy/nginx.conf, with other ports and another certificate. */
function withTls({ port, serverPort }: Place, redirectPort: number, folder: string): string {
  return text(serverPort)
    .replace(/^ *listen \[::\].*$/gm, '')
    .replace('listen 80;', `listen 127.0.0.1:${redirectPort};`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll(`/etc/letsencrypt/live/${NGINX_HOST}/`, `${folder}/`);
}

/** The block of deploy/nginx.conf that forwards. With a prefix, it is changed as docs/deploy.md says. */
function withoutTls({ port, serverPort, prefix = '' }: Place): string {
  const block = text(serverPort)
    // The server on port 80, which redirects to the other one.
    .replace(/^server \{\n {4}listen 80;[\s\S]*?^\}\n/m, '')
    .replace(/^ *listen 443.*$/m, `listen 127.0.0.1:${port};`)
    .replace(/^ *(listen \[::\]|ssl_).*$/gm, '');
  if (prefix === '') return block;
  return block
    .replace('location / {', `location ${prefix}/ {`)
    .replace('proxy_pass http://lectern;', 'proxy_pass http://lectern/;');
}

async function makeCertificate(certificate: string, key: string): Promise<void> {
  const names = ['-subj', `/CN=${NGINX_HOST}`, '-addext', `subjectAltName=DNS:${NGINX_HOST}`];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', certificate]);
}

async function canConnect(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
