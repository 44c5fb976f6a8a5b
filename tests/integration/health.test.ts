import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import mongoose from 'mongoose';
import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { waitFor, waitUntil } from '../support/patience.js';

let app: TestApp | undefined;
afterEach(() => app?.remove());

async function start(): Promise<TestApp> {
  app = await startApp();
  return app;
}

async function probe({ origin }: TestApp, path: string): Promise<[number, unknown, string | null]> {
  const response = await fetch(`${origin}${path}`);
  return [response.status, await response.json(), response.headers.get('cache-control')];
}

/** Waits, because the outcome of a check is cached for a second. */
async function answers(running: TestApp, expected: unknown): Promise<void> {
  await waitFor(async () => expect(await probe(running, '/readyz')).toEqual(expected));
}

/** The number of checks of the storage. */
async function checksOf({ app: { telemetry } }: TestApp): Promise<number> {
  const line = /^lectern_storage_check_seconds_count\{outcome="done"\} (\d+)$/m.exec(await telemetry.metrics.text());
  return Number(line?.[1] ?? 0);
}

const ALIVE = [200, { status: 'ok' }, 'no-store'];
const READY = [200, { status: 'ready' }, 'no-store'];
const UNAVAILABLE = [503, { status: 'unavailable' }, 'no-store'];

describe('/healthz and /readyz', () => {
  it('a running server is alive and ready', async () => {
    const running = await start();
    expect([await probe(running, '/healthz'), await probe(running, '/readyz')]).toEqual([ALIVE, READY]);
  });

  it('a server without its storage is alive but not ready, until the storage is back', async () => {
    const running = await start();
    expect(await probe(running, '/readyz')).toEqual(READY);
    // A file in place of the folder cannot hold files.
    await rename(running.filesDir, `${running.filesDir}-away`).catch(() => undefined);
    await writeFile(running.filesDir, '');
    await answers(running, UNAVAILABLE);
    expect(await probe(running, '/healthz')).toEqual(ALIVE);
    await rename(running.filesDir, `${running.filesDir}-wrong`);
    await answers(running, READY);
  });

  it('a server without its database is alive but not ready', async () => {
    const running = await start();
    await mongoose.connection.close();
    await answers(running, UNAVAILABLE);
    expect(await probe(running, '/healthz')).toEqual(ALIVE);
  });

  it('the database and the storage are checked once a second, however many requests arrive', async () => {
    const running = await start();
    const before = await checksOf(running);
    const begun = performance.now();
    const answered = await Promise.all(Array.from({ length: 200 }, () => probe(running, '/readyz')));
    const seconds = (performance.now() - begun) / 1_000;
    expect(new Set(answered.map(([status]) => status))).toEqual(new Set([200]));
    expect((await checksOf(running)) - before).toBeLessThanOrEqual(1 + Math.floor(seconds));
  });

  it('a stopping server is alive but not ready', async () => {
    const running = await start();
    const { hostname, port } = new URL(running.origin);
    const client = connect(Number(port), hostname);
    const head = [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 100',
      'Expect: 100-continue',
    ];
    client.on('error', () => undefined).write(`${head.join('\r\n')}\r\n\r\n{`);
    // 100 Continue shows that the request is running.
    await once(client, 'data');
    const stopped = running.stop();
    await waitUntil(async () => (await probe(running, '/readyz'))[0] === 503);
    expect(await probe(running, '/healthz')).toEqual(ALIVE);
    client.destroy();
    await stopped;
  });
});
