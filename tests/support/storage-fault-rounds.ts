import { expect, inject } from 'vitest';
import { s3Environment, startApp, type TestApp } from './app.js';
import { createBucket } from './bucket.js';
import { clientOf, type Client } from './client.js';
import { expectEndOf, expectReadiness, sendAll, type Outcomes } from './fault-rounds.js';
import { passing, startS3Proxy, type Intercept, type S3Proxy } from './s3-proxy.js';
import { shortened, timings } from './timings.js';
import { newWorkload, type Operation } from './workload.js';

const DELETION = /^(DELETE |POST .*\?delete|GET .*[?&]uploads)/;
/** The request that makes an object visible: the PUT of a small object, or the completion of a multipart upload. */
const LAST_OF_UPLOAD = /^(PUT (?!.*partNumber=)|POST .*\?uploadId=)/;

/** The requests to the store that fail, and the outcome of uploads. No other operation may fail. */
export const BEFALLEN = {
  'for every request': { requests: /./, uploads: 'STORAGE_UNAVAILABLE', ready: 503 },
  'for the last request of an upload': { requests: LAST_OF_UPLOAD, uploads: 'STORAGE_UNAVAILABLE', ready: 200 },
  'for deletions': { requests: DELETION, uploads: 'done', ready: 200 },
} as const;

export type Befallen = keyof typeof BEFALLEN;

/** A server that reaches its store through a proxy with faults. Clients reach the store directly. */
export interface FaultyStore {
  readonly proxy: S3Proxy;
  /** One round: runs all operations of clients at the same time with the fault, then without it. */
  round(fault: Intercept, befallen: Befallen): Promise<void>;
  /** The same with a fault of the network, which `begin` starts. */
  roundBetween(begin: () => Promise<void>, end: () => Promise<void>, uploads: string, ready: 200 | 503): Promise<void>;
  remove(): Promise<void>;
}

export async function startOnFaultyStore(): Promise<FaultyStore> {
  const s3 = inject('s3')!;
  const proxy = await startS3Proxy(s3.endpoint);
  const endpoints = { S3_ENDPOINT: proxy.endpoint, S3_PUBLIC_ENDPOINT: s3.endpoint };
  const app: TestApp = await startApp({
    ...s3Environment(await createBucket()),
    ...endpoints,
    TIMINGS: timings(shortened('s3Connect', 's3Idle', 's3GiveUp')),
  });
  const client: Client = await clientOf(app, 'ada');

  const roundBetween: FaultyStore['roundBetween'] = async (begin, end, uploads, ready) => {
    const operations = await newWorkload(client);
    await begin();
    // Ends the fault also when the round fails, for the next round.
    const [outcomes] = await Promise.all([sendAll(operations), expectReadiness(app, ready)]).finally(end);
    expect(outcomes).toEqual(expected(operations, uploads));
    await expectEndOf(app, operations, outcomes);
  };
  return {
    proxy,
    roundBetween,
    round: async (fault, befallen) => {
      const { requests, uploads, ready } = BEFALLEN[befallen];
      let met = 0;
      const begin = async (): Promise<void> => {
        proxy.intercept = (request, response, passage) =>
          requests.test(`${request.method ?? ''} ${request.url ?? ''}`) &&
          ++met > 0 &&
          fault(request, response, passage);
      };
      const end = async (): Promise<void> => {
        proxy.intercept = passing;
        expect(met).toBeGreaterThan(0);
      };
      await roundBetween(begin, end, uploads, ready);
    },
    remove: async () => {
      await app.remove();
      proxy.close();
    },
  };
}

function expected(operations: readonly Operation[], uploads: string): Outcomes {
  return Object.fromEntries(operations.map(({ name, kind }) => [name, kind === 'upload' ? uploads : 'done']));
}
