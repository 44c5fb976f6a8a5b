import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { newEnvironment, startApp, tokenFor } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument, CoursesDocument, CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';
import {
  graphqlParts,
  multipartBody,
  rawRequest,
  truncated,
  uploadRequest,
  type RawBody,
} from '../support/multipart.js';
import { patience, waitFor, waitUntil } from '../support/patience.js';
import { startServer, type ServerProcess } from '../support/server.js';
import { startFaultyDatabase } from '../support/faulty-database.js';
import { hanging, startS3Proxy } from '../support/s3-proxy.js';
import { orphansAfterSweep } from '../support/settled.js';
import { onEveryStorage } from '../support/storages.js';
import { shortened, timings } from '../support/timings.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;
/** Longer than any test here takes: a server that stops earlier did not wait for the grace period to end. */
const LONG_GRACE_SECONDS = 60;
/** After this time, in milliseconds, a second signal is no longer taken for a repetition of the first. */
const SECOND_SIGNAL_MS = 500;

/** For this time, in milliseconds, a stopping server keeps listening and answers 503, even without requests. */
const NOTICE_MS = patience(500);

/** A promise, and the function that resolves it. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

onEveryStorage('a server that receives SIGTERM', (storage) => {
  let environment: Environment & { readonly DATA_DIR: string };
  let server: ServerProcess;
  let token: string;

  beforeEach(async () => {
    const waits = shortened(
      'databaseOperation',
      'databaseSelection',
      'databaseConnect',
      's3Connect',
      's3Idle',
      's3GiveUp',
    );
    environment = await newEnvironment({
      NODE_NO_WARNINGS: '1',
      TIMINGS: timings({ ...waits, stopNotice: NOTICE_MS }),
      ...(await storage.environment()),
    });
    token = await tokenFor('ada', 'instructor');
  });
  afterEach(async () => {
    await server.stop('SIGKILL');
    await rm(environment.DATA_DIR, { recursive: true, force: true });
  });

  async function start(graceSeconds: number): Promise<void> {
    const logged = { LOG_LEVEL: 'info', SHUTDOWN_GRACE_SECONDS: String(graceSeconds) };
    server = await startServer({ ...environment, ...logged }, environment.DATA_DIR);
  }

  /** The log lines of the stop: the number of running requests, which they are, and the message. */
  function stopLines(): (readonly [running: number, requests: readonly string[], message: string])[] {
    const lines = server.stdout().split('\n');
    return lines
      .filter((line) => line.includes('"msg":"stopping: '))
      .map((line) => JSON.parse(line) as { running: number; requests: string[]; msg: string })
      .map(({ running, requests, msg }) => [running, requests, msg]);
  }

  const readiness = async (): Promise<number> => (await fetch(new URL('/readyz', server.url))).status;

  async function tellToStop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    server.process.kill(signal);
    await waitFor(async () => expect(await readiness()).toBe(503));
  }

  /** A course whose intro video needs several requests to the store. */
  const course = { document: CreateCourseDocument, variables: { input: { title: 'Slow' } } };
  const courseBody = (): RawBody =>
    multipartBody(graphqlParts({ ...course, files: { thumbnail: fixtures.thumbnail, introVideo: bigMp4(20 * MIB) } }));

  /** Sends the first `bytes` of a body, then nothing. `sent` resolves when they are sent, `answer` with the answer. */
  function halfSent(bytes: number): { answer: ReturnType<typeof rawRequest>; sent: Promise<void> } {
    const { opened: sent, open } = gate();
    const half = truncated(courseBody(), bytes);
    const body: RawBody = {
      ...half,
      *chunks() {
        yield* half.chunks();
        open();
      },
    };
    return { answer: rawRequest(server.url, { body, token, timeoutMs: patience(25_000) }), sent };
  }

  it('completes a running upload, refuses new ones, answers queries, and closes idle connections', async () => {
    await start(LONG_GRACE_SECONDS);
    const reached = gate();
    const goOn = gate();
    const body = courseBody();
    const beforeChunk = async (sent: number): Promise<void> => {
      if (sent < 12 * MIB) return;
      reached.open();
      await goOn.opened;
    };
    const running = rawRequest(server.url, { body, token, beforeChunk, timeoutMs: patience(25_000) });
    const idle = new http.Agent({ keepAlive: true });
    const [first] = (await once(http.get(new URL('/healthz', server.url), { agent: idle }), 'response')) as [
      IncomingMessage,
    ];
    first.resume();
    await reached.opened;

    await tellToStop();
    const refused = await uploadRequest(server.url, { ...course, files: { thumbnail: fixtures.png }, token });
    expect([refused.status, errorCodes(refused)]).toEqual([503, ['SERVICE_UNAVAILABLE']]);
    const answered = await graphql(server.url, CoursesDocument, {}, { token });
    expect([answered.status, errorCodes(answered), answered.headers.get('connection')]).toEqual([200, [], 'close']);

    goOn.open();
    const { response } = await running;
    const created = JSON.parse(response!.text) as { data: { createCourse: { id: string } } };
    expect(await server.ended()).toBe(0);
    expect(server.stderr()).toBe('');
    expect(stopLines()).toEqual([[1, ['POST /graphql'], 'stopping: waiting up to 60 s for running requests']]);
    idle.destroy();

    const again = await startApp({}, environment);
    const client = await clientOf(again, 'ada');
    const { course: kept } = dataOf(await client.send(CourseWithFilesDocument, { id: created.data.createCourse.id }));
    expect(kept!.introVideo!.sha256).toBe(bigMp4(20 * MIB).sha256);
    expect(dataOf(await client.send(CoursesDocument, {})).courses.totalCount).toBe(1);
    expect(await orphansAfterSweep(again)).toEqual([]);
    await again.stop();
  });

  it('answers SERVICE_UNAVAILABLE to requests that do not end within the grace period, and leaves nothing behind', async () => {
    await start(1);
    const [early, inFirst, inSecond] = [halfSent(200), halfSent(20_000), halfSent(15 * MIB)];
    await Promise.all([early.sent, inFirst.sent, inSecond.sent]);
    await tellToStop('SIGINT');
    for (const { answer } of [early, inFirst, inSecond]) {
      const { response } = await answer;
      expect(JSON.parse(response!.text)).toMatchObject({
        errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', retryable: true } }],
      });
    }
    expect(await server.ended()).toBe(0);
    expect(server.stderr()).toBe('');
    const uploads = Array.from({ length: 3 }, () => 'POST /graphql');
    expect(stopLines()).toEqual([
      [3, uploads, 'stopping: waiting up to 1 s for running requests'],
      [3, uploads, 'stopping: the grace period is over, running requests are aborted'],
    ]);

    // The journal is empty as well.
    const again = await startApp({}, environment);
    expect(await tracesOf(again)).toEqual([]);
    await again.stop();
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('exits at once on a second %s, and the next server sweeps what is left', async (signal, exitCode) => {
    await start(LONG_GRACE_SECONDS);
    const { answer, sent } = halfSent(15 * MIB);
    await sent;
    await tellToStop(signal);
    const toldAt = performance.now();
    await waitUntil(() => performance.now() - toldAt > SECOND_SIGNAL_MS * 1.2);
    expect(await server.stop(signal)).toBe(exitCode);
    expect((await answer).response).toBeNull();

    const again = await startApp({}, environment);
    expect(await orphansAfterSweep(again)).toEqual([]);
    await again.stop();
  });

  if (storage.name === 's3') {
    it('does not wait for an S3 store that hangs, and the next server sweeps what is left', async () => {
      const proxy = await startS3Proxy(environment['S3_ENDPOINT']!);
      const withProxy = { ...environment, S3_ENDPOINT: proxy.endpoint, SHUTDOWN_GRACE_SECONDS: '1' };
      server = await startServer(withProxy, environment.DATA_DIR);
      const { answer, sent } = halfSent(15 * MIB);
      await sent;
      proxy.intercept = hanging;
      await tellToStop();
      expect(await server.ended()).toBe(0);
      await answer;
      expect(server.stderr()).toBe('');
      proxy.close();

      const again = await startApp({}, environment);
      expect(await orphansAfterSweep(again)).toEqual([]);
      await again.stop();
    });
    return;
  }

  it('does not wait for a database that hangs', async () => {
    const database = await startFaultyDatabase();
    server = await startServer({ ...environment, MONGODB_URI: database.uri }, environment.DATA_DIR);
    const running = graphql(server.url, CoursesDocument, {}, { token });
    await running;
    database.proxy.turn({ kind: 'hanging' });
    await tellToStop();
    expect(await server.ended()).toBe(0);
    expect(server.stderr()).toBe('');
    await database.stop();
  });

  /** Begins to download a file from this server, without reading it. */
  async function beginDownload(): Promise<IncomingMessage> {
    const files = { introVideo: bigMp4(40 * MIB) };
    const created = await uploadRequest(server.url, { ...course, files, token });
    const url = dataOf(created).createCourse.introVideoUrl!;
    const [download] = (await once(http.get(url, { agent: false }), 'response')) as [IncomingMessage];
    return download;
  }

  it('completes a running download', async () => {
    await start(LONG_GRACE_SECONDS);
    const download = await beginDownload();
    await tellToStop();
    const stoppingSince = performance.now();
    await waitUntil(() => performance.now() - stoppingSince > 3 * NOTICE_MS);
    expect(await readiness()).toBe(503);
    const hash = createHash('sha256');
    for await (const chunk of download) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(bigMp4(40 * MIB).sha256);
    expect(await server.ended()).toBe(0);
  });

  it('ends a download that does not end within the grace period', async () => {
    await start(1);
    const download = await beginDownload();
    await tellToStop();
    expect(await server.ended()).toBe(0);
    await expect(download.resume().toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.stderr()).toBe('');
  });
});
