import { expect, inject } from 'vitest';
import { s3Environment, startApp, type TestApp } from './app.js';
import { createBucket } from './bucket.js';
import { clientOf, type Client } from './client.js';
import { expectEndOf, expectReadiness, sendAll, type Outcomes } from './fault-rounds.js';
import { passing, startS3Proxy, type Intercept, type S3Proxy } from './s3-proxy.js';
import { shortened, timings } from './timings.js';
import { newWorkload, type Operation } from './workload.js';

const DELETION = /^(DELETE |POST .*\?delete|GET .*[?&]uploads)/;
/** What makes an object visible: the one PUT of a small one, the completion of one in parts. */
const LAST_OF_UPLOAD = /^(PUT (?!.*partNumber=)|POST .*\?uploadId=)/;

/** Which requests to the store a fault befalls, and what becomes of uploads then. Nothing else may fail. */
export const BEFALLEN = {
  'whatever it is asked': { requests: /./, uploads: 'STORAGE_UNAVAILABLE', ready: 503 },
  'at the last request of an upload': { requests: LAST_OF_UPLOAD, uploads: 'STORAGE_UNAVAILABLE', ready: 200 },
  'when it is to delete': { requests: DELETION, uploads: 'done', ready: 200 },
} as const;

export type Befallen = keyof typeof BEFALLEN;

/** A server that reaches its store by a way that a test breaks; its clients go straight to the store. */
export interface FaultyStore {
  readonly proxy: S3Proxy;
  /** One round: everything that clients do, side by side, in the fault; then without it. */
  round(fault: Intercept, befallen: Befallen): Promise<void>;
  /** The same in a fault of the way itself, which `begin` brings about. */
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
    // A round that fails leaves no fault to the next one.
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
