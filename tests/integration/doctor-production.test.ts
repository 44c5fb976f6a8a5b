import { once } from 'node:events';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import type { Diagnosis } from '../../src/diagnosis.js';
import { newEnvironment, removeData, TEST_SECRET } from '../support/app.js';
import { lectern } from '../support/cli.js';
import { freePort } from '../support/free-port.js';
import { startServer, type ServerProcess } from '../support/server.js';

let environment: Environment;
let server: ServerProcess | undefined;
let proxy: Server | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
  proxy?.closeAllConnections();
  proxy?.close();
  proxy = undefined;
  await removeData(environment);
});

/** Starts something at PUBLIC_URL, and returns the port for the server behind it. */
async function startProxy(listener: (port: number) => RequestListener): Promise<number> {
  const port = await freePort();
  proxy = createServer(listener(port)).listen(0, 'localhost');
  await once(proxy, 'listening');
  const made = await newEnvironment();
  environment = {
    ...made,
    NODE_ENV: 'production',
    LATE_SECONDS: '',
    ALLOW_EMBEDDED_DATABASE: 'true',
    HOST: 'localhost',
    PORT: String(port),
    LOG_LEVEL: 'info',
    PUBLIC_URL: `http://localhost:${(proxy.address() as AddressInfo).port}`,
  };
  return port;
}

/** A proxy that names itself in responses, as nginx does. */
const forwarding =
  (port: number): RequestListener =>
  (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const forwarded = request({ host: 'localhost', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, { ...answer.headers, server: 'nginx' });
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    forwarded.flushHeaders();
    incoming.pipe(forwarded);
  };

/** The same, with a limit for bodies, and a page of its own when it is exceeded. */
const limiting =
  (port: number): RequestListener =>
  (incoming, outgoing) => {
    if (Number(incoming.headers['content-length'] ?? 0) <= 1024 ** 2) return forwarding(port)(incoming, outgoing);
    outgoing.writeHead(413, { 'content-type': 'text/html', connection: 'close' });
    outgoing.end('<h1>413 Request Entity Too Large</h1>');
    incoming.resume();
  };

async function diagnoses(overrides: Environment = {}): Promise<(name: string) => Diagnosis | undefined> {
  const { stdout } = await lectern({ ...environment, ...overrides }, 'doctor', '--json');
  const found = JSON.parse(stdout) as Diagnosis[];
  return (name) => found.find(({ check }) => check === name);
}

it('is content with a server behind a proxy that passes everything on', async () => {
  await startProxy(forwarding);
  server = await startServer(environment, environment['DATA_DIR']);
  const of = await diagnoses({ TRUST_PROXY: '1' });
  for (const check of ['data folder', 'public url', 'public tls', 'proxy headers', 'proxy body size']) {
    expect(of(check), check).toMatchObject({ status: 'ok' });
  }
  expect(of('proxy headers')?.message).toContain('nginx');
  expect(of('memory')).toBeDefined();
  expect(of('replica set')).toMatchObject({ status: 'warning' });
});

/** The same, which keeps a request until all of it is there. */
const buffering =
  (port: number): RequestListener =>
  (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      const forwarded = request({ host: 'localhost', port, method, path: url, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      });
      // Lectern refuses the request by its head, and does not read the rest.
      forwarded.on('error', () => undefined);
      forwarded.flushHeaders();
      if (chunks.length < 2) forwarded.end(Buffer.concat(chunks));
    });
  };

it('notices a proxy that keeps uploads until they are complete', async () => {
  await startProxy(buffering);
  server = await startServer(environment, environment['DATA_DIR']);
  const of = await diagnoses();
  expect(of('proxy body size')).toMatchObject({ status: 'warning', message: expect.stringContaining('keeps uploads') });
});

it('names a limit of the proxy, a proxy without TRUST_PROXY, and other secrets', async () => {
  await startProxy(limiting);
  server = await startServer(environment, environment['DATA_DIR']);
  const of = await diagnoses();
  expect(of('public url')).toMatchObject({ status: 'ok' });
  expect(of('proxy headers')).toMatchObject({ status: 'warning', message: expect.stringContaining('TRUST_PROXY') });
  expect(of('proxy body size')).toMatchObject({ status: 'problem', message: expect.stringContaining('HTTP 413') });
  const other = await diagnoses({ AUTH_JWT_SECRET: `${TEST_SECRET}, but another` });
  expect(other('public url')).toMatchObject({ status: 'problem', message: expect.stringContaining('does not accept') });
});

it('says when another program answers, and when nobody does', async () => {
  await startProxy(() => (_request, response) => void response.end('<h1>Welcome to nginx!</h1>'));
  let of = await diagnoses();
  expect(of('public url')).toMatchObject({ status: 'problem', message: expect.stringContaining('another program') });
  proxy!.close();
  proxy!.closeAllConnections();
  of = await diagnoses();
  expect(of('public url')).toMatchObject({ status: 'warning', message: expect.stringContaining('cannot be reached') });
  expect(of('proxy body size')).toBeUndefined();
});
