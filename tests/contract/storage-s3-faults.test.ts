import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { LecternError } from '../../src/errors.js';
import type { Storage } from '../../src/storage/storage.js';
import { generated, MIB, sha256Of, textOf } from './storage-bodies.js';
import { s3Server, s3Storage, useBrokenWay } from './storage-s3-bucket.js';
import { expectInTime } from '../support/patience.js';
import { hanging, type Intercept, refuse, refusing, type S3Proxy } from '../support/s3-proxy.js';
import { listed, newKey, putOptions, putText } from './storage.contract.js';

/** Short, so that a test reaches these time limits. */
const TIMINGS = { s3Connect: 300, s3Idle: 300, s3GiveUp: 300 };

describe.skipIf(s3Server === null)('S3 storage', () => {
  let bucket: string;
  let proxy: S3Proxy;
  let storage: Storage;
  let witness: Storage;

  useBrokenWay((made) => ({ bucket, proxy, storage, witness } = made));

  describe('fails with STORAGE_UNAVAILABLE in every method', () => {
    test('when nothing listens at the endpoint', async () => {
      const server = await listen(createServer());
      const endpoint = endpointOf(server);
      server.close();
      await once(server, 'close');
      await expectUnavailable(s3Storage(bucket, { endpoint }));
    });

    test('when the store accepts connections and never answers', async () => {
      const server = await listen(createServer((socket) => socket.resume().on('error', () => undefined)));
      const began = Date.now();
      await expectUnavailable(s3Storage(bucket, { endpoint: endpointOf(server), timings: TIMINGS }));
      await expectInTime(Date.now() - began, 10_000);
      server.close();
    });

    test.each([
      ['two attempts when the store does not answer', hanging, 2],
      ['three attempts when the store answers 503', refusing(503, 'SlowDown'), 3],
    ] as const)('after %s', async (_what, fault, times) => {
      proxy.intercept = fault;
      const patient = s3Storage(bucket, { endpoint: proxy.endpoint, timings: TIMINGS });
      await expect(patient.stat(newKey())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(proxy.requests).toHaveLength(times);
      await patient.close();
    });

    test('when the store does not speak HTTP', async () => {
      const server = await listen(
        createServer((socket) => {
          socket.on('error', () => undefined).once('data', () => socket.end('220 mail.example.org ESMTP\r\n'));
        }),
      );
      await expectUnavailable(s3Storage(bucket, { endpoint: endpointOf(server) }));
      server.close();
    });

    test.each([302, 400, 403, 404, 405, 502])('when a proxy answers %i with an HTML page', async (status) => {
      proxy.intercept = answeringPage(status);
      await expectUnavailable(storage);
    });

    test('that writes or checks when a proxy answers 200 with an HTML page', async () => {
      proxy.intercept = answeringPage(200);
      const attempts = [
        storage.put(newKey(), generated(10), putOptions()),
        storage.put(newKey(), generated(9 * MIB), putOptions()),
        storage.stat(newKey()),
      ];
      const outcomes = await Promise.allSettled(attempts);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'STORAGE_UNAVAILABLE' } });
    });

    test('when the host name cannot be resolved', async () => {
      await expectUnavailable(s3Storage(bucket, { endpoint: 'http://s3.invalid' }));
    });

    test('when the store is overloaded', async () => {
      proxy.intercept = (request, response) => refuse(request, response, 503, 'SlowDown');
      await expectUnavailable(storage);
    });

    test('when the bucket does not exist', async () => {
      await expectUnavailable(s3Storage('lectern-no-such-bucket'));
    });

    test.each([
      ['the access key is unknown', { accessKeyId: 'unknown', secretAccessKey: 'unknown' }],
      ['the secret is wrong', { accessKeyId: s3Server?.accessKeyId ?? '', secretAccessKey: 'wrong' }],
    ])('when %s', async (_, credentials) => {
      await expectUnavailable(s3Storage(bucket, { credentials }));
    });

    test('when no credentials can be obtained', async () => {
      const reason = Object.assign(new Error('no role'), { name: 'CredentialsProviderError' });
      const without = s3Storage(bucket, { credentials: () => Promise.reject(reason) });
      await expectUnavailable(without);
      const life = { signedAt: new Date(), expiresAt: new Date(Date.now() + 60_000) };
      const signing = without.signGet(newKey(), { ...life, disposition: 'inline', contentType: 'video/mp4' });
      await expect(signing).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: reason });
    });
  });

  test('lists the unfinished uploads of one key with one request that names the key', async () => {
    const key = newKey();
    expect(await storage.sweepUnfinished({ key, olderThan: new Date() })).toBe(0);
    expect(proxy.requests).toHaveLength(1);
    const asked = new URL(proxy.requests[0]!.replace('GET ', ''), 'http://store').searchParams;
    expect([asked.has('uploads'), asked.get('prefix')]).toEqual([true, key]);
  });

  test('answers a readiness check while other calls use every connection', async () => {
    // More calls than the client has connections.
    const calls = 120;
    let held = 0;
    const allHeld = new Promise<void>((resolve) => {
      proxy.intercept = ({ method }) => {
        if (method !== 'DELETE') return false;
        if (++held === 100) resolve();
        return true;
      };
    });
    const busy = s3Storage(bucket, {
      endpoint: proxy.endpoint,
      timings: { s3Connect: 60_000, s3Idle: 60_000, s3GiveUp: 300 },
    });
    const deleting = Array.from({ length: calls }, () => busy.delete([newKey()]));
    await allHeld;
    await busy.check();
    expect(held).toBe(100);
    await proxy.refuse();
    await Promise.allSettled(deleting);
    await busy.close();
  });

  describe('deletes objects one by one', () => {
    const stored = async (): Promise<string[]> => {
      const keys = [newKey(), newKey(), newKey()];
      for (const key of keys) await putText(witness, key, 'x');
      return keys;
    };
    const isBatch = (method = '', url = ''): boolean => method === 'POST' && url.includes('delete');

    test.each([
      [400, 'MissingContentMD5'],
      [400, 'InvalidRequest'],
      [501, 'NotImplemented'],
    ])('when the store refuses batch deletion with %i %s', async (status, code) => {
      proxy.intercept = (request, response) =>
        isBatch(request.method, request.url) && refuse(request, response, status, code);
      const keys = await stored();
      await storage.delete(keys);
      for (const key of keys) expect(await witness.stat(key)).toBeNull();
    });

    test('in 16 concurrent requests', async () => {
      const waiting: (() => void)[] = [];
      let most = 0;
      proxy.intercept = (request, response, { pass }) => {
        if (isBatch(request.method, request.url)) return refuse(request, response, 501, 'NotImplemented');
        most = Math.max(most, waiting.push(pass));
        if (waiting.length === 16) for (const go of waiting.splice(0)) go();
        return true;
      };
      await storage.delete(Array.from({ length: 32 }, () => newKey()));
      expect(most).toBe(16);
    });

    test("when a batch does not delete them, and fails with the store's reason", async () => {
      const keys = await stored();
      proxy.intercept = (request, response) => {
        if (request.method === 'DELETE') return refuse(request, response, 403, 'AccessDenied');
        if (!isBatch(request.method, request.url)) return false;
        const error = `<Error><Key>${keys[1]!}</Key><Code>AccessDenied</Code><Message>No.</Message></Error>`;
        request.resume().once('end', () => response.end(`<?xml version="1.0"?><DeleteResult>${error}</DeleteResult>`));
        return true;
      };
      await expect(storage.delete(keys)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(proxy.requests.filter((request) => request.startsWith('DELETE'))).toEqual([
        expect.stringContaining(keys[1]!),
      ]);
    });
  });

  describe('reading', () => {
    test('fails with STORAGE_UNAVAILABLE when the body is cut short', async () => {
      const key = newKey();
      await witness.put(key, generated(4 * MIB), putOptions());
      proxy.intercept = (_, response) => {
        response.writeHead(200, { 'content-length': 4 * MIB });
        response.write(Buffer.alloc(MIB), () => response.destroy());
        return true;
      };
      await expect(sha256Of(await storage.open(key))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });

    test('fails with STORAGE_UNAVAILABLE when the body stalls', async () => {
      proxy.intercept = (_, response) => {
        response.writeHead(200, { 'content-length': 4 * MIB });
        response.write('the beginning');
        return true;
      };
      const impatient = s3Storage(bucket, { endpoint: proxy.endpoint, timings: TIMINGS });
      await expect(sha256Of(await impatient.open(newKey()))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await impatient.close();
    });

    test('is repeated when the connection breaks before the answer', async () => {
      const key = newKey();
      await putText(witness, key, 'x');
      let first = true;
      proxy.intercept = (request) => {
        if (first) request.socket.destroy();
        const broken = first;
        first = false;
        return broken;
      };
      expect(await textOf(await storage.open(key))).toBe('x');
    });
  });
});

/** For example a sign-in page, or the error page of a gateway. */
function answeringPage(status: number): Intercept {
  return (request, response) => {
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': 'text/html', location: '/sign-in' });
      response.end('<!DOCTYPE html><title>Not here</title><p>Try again<br>later.');
    });
    return true;
  };
}

/** Expects STORAGE_UNAVAILABLE with a cause from every method. */
async function expectUnavailable(storage: Storage): Promise<void> {
  const options = putOptions();
  const attempts: Promise<unknown>[] = [
    storage.put(newKey(), generated(10), options),
    storage.put(newKey(), generated(9 * MIB), options),
    storage.open(newKey()),
    storage.stat(newKey()),
    storage.delete([newKey()]),
    storage.delete([newKey(), newKey()]),
    listed(storage.list('')),
    storage.sweepUnfinished({ olderThan: new Date() }),
    storage.check(),
  ];
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? codeOf(outcome.reason) : outcome.value))).toEqual(
    attempts.map(() => 'STORAGE_UNAVAILABLE'),
  );
  await storage.close();
}

function codeOf(error: unknown): unknown {
  return error instanceof LecternError && error.cause instanceof Error ? error.code : error;
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function endpointOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
