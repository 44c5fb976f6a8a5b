import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mintToken } from '../../src/auth/mint-token.js';
import { ERROR_CATALOGUE } from '../../src/errors.js';
import { productionAddress } from '../support/free-port.js';
import { CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { patience } from '../support/patience.js';
import { Connection, type Exchange } from './connection.js';
import { requestOf, type FuzzRequest, type Sender } from './requests.js';
import { WatchedServer, type Watch } from './watched-server.js';

export interface FuzzOptions {
  /** How many requests count. Some more go before, to warm up. */
  readonly requests: number;
  readonly seed: number;
  /** The number of the first request: to run a failing one alone. */
  readonly first?: number;
  readonly onProgress?: (done: number) => void;
}

/** An answer that no request may get. */
export interface FuzzFault {
  readonly index: number;
  readonly fault: string;
  /** Where the request was saved, byte for byte. */
  readonly savedAs: string;
}

export interface FuzzReport {
  readonly requests: number;
  readonly perSecond: number;
  readonly faults: readonly FuzzFault[];
  /** How many requests ended how: an HTTP status with its codes, or a connection that was closed. */
  readonly endings: Readonly<Record<string, number>>;
  readonly isSameProcess: boolean;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly descriptors: { readonly before: number; readonly after: number };
  readonly memory: { readonly before: number; readonly after: number; readonly drift: number };
  readonly rss: { readonly before: number; readonly after: number };
  /** Turns of the event loop in which the server computed for long, in milliseconds, the longest first. */
  readonly stallsMs: readonly number[];
  /** The longest time between two turns, of the server and of an idle process beside it, in milliseconds. */
  readonly longestGapMs: { readonly server: number; readonly idle: number };
  readonly beats: number;
}

const SECRET = 'a secret for fuzzing alone, longer than 32 bytes';
/** Clients at once. */
const LANES = 8;
/** A request that is not answered within this time hangs, in milliseconds: two files may take 10 s each to measure. */
const PATIENCE_MS = patience(30_000);
/** What goes before the count: code is compiled, caches are filled, connections to the database opened. */
const WARM_UP = { least: 500, most: 20_000 };
/** How often the event loop is asked after, in milliseconds. */
const LOOK_MS = 5_000;
/** How often descriptors are counted until they are back: longer than the server keeps a refused connection. */
const SETTLING_MS = 1_500;
/** How many faults are saved at most. */
const MAX_FAULTS = 20;

const CODES = new Set<string>([...Object.keys(ERROR_CATALOGUE), 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

/** Sends changed requests to a built server of its own, and tells what became of them and of the server. */
export async function fuzz({ requests, seed, first = 0, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-fuzz-'));
  const watched = await WatchedServer.start(await environmentIn(folder), folder);
  let isKept = false;
  try {
    const run = new FuzzRun(watched, seed, folder);
    await run.prepare();
    const warmUp = Math.min(WARM_UP.most, Math.max(WARM_UP.least, Math.floor(requests / 10)));
    // Numbers of their own, behind all that count.
    await run.send(2 ** 30, warmUp);
    const before = await run.settled();
    run.forgetStalls();
    const pid = watched.pid;
    const began = performance.now();
    await run.send(first, requests, onProgress);
    const seconds = (performance.now() - began) / 1000;
    const after = await run.settled(before.descriptors);
    isKept = run.faults.length > 0;
    const isSameProcess = watched.pid === pid && watched.server.process.exitCode === null;
    return {
      requests,
      perSecond: Math.round(requests / seconds),
      faults: run.faults,
      endings: Object.fromEntries([...run.endings].sort(([, a], [, b]) => b - a)),
      isSameProcess,
      exitCode: await watched.stop(),
      stderr: watched.server.stderr(),
      descriptors: { before: before.descriptors, after: after.descriptors },
      memory: {
        before: before.memoryBytes,
        after: after.memoryBytes,
        drift: after.memoryBytes / before.memoryBytes - 1,
      },
      rss: { before: before.rssBytes, after: after.rssBytes },
      stallsMs: run.stallsMs.sort((a, b) => b - a),
      longestGapMs: run.longestGapMs,
      beats: run.beats,
    };
  } finally {
    await watched.stop();
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}

/** As in production, but for the database: nothing that is only there for trying out. */
async function environmentIn(folder: string): Promise<Record<string, string>> {
  return {
    NODE_ENV: 'production',
    ...(await productionAddress()),
    DATA_DIR: join(folder, 'data'),
    ALLOW_EMBEDDED_DATABASE: 'true',
    AUTH_JWT_SECRET: SECRET,
    LOG_LEVEL: 'error',
    UPLOAD_STALL_SECONDS: '2',
  };
}

class FuzzRun {
  readonly faults: FuzzFault[] = [];
  readonly endings = new Map<string, number>();
  stallsMs: number[] = [];
  beats = 0;
  longestGapMs = { server: 0, idle: 0 };
  private lanes: { readonly connection: Connection; readonly sender: Sender }[] = [];

  constructor(
    private readonly watched: WatchedServer,
    private readonly seed: number,
    private readonly folder: string,
  ) {}

  async prepare(): Promise<void> {
    const { port } = new URL(this.watched.server.url);
    const url = `http://127.0.0.1:${port}/graphql`;
    const claims = { sub: 'fuzzer', role: 'instructor', roleClaim: 'role' } as const;
    const token = await mintToken({ secret: SECRET, ...claims, expiresInSeconds: 7 * 24 * 3600 });
    for (let lane = 0; lane < LANES; lane++) {
      const variables = { input: { title: `Lane ${String(lane)}` } };
      const created = await graphql(url, CreateCourseDocument, variables, { token });
      const sender = { host: `127.0.0.1:${port}`, token, courseId: dataOf(created).createCourse.id };
      this.lanes.push({ connection: new Connection('127.0.0.1', Number(port), PATIENCE_MS), sender });
    }
  }

  /** Sends so many requests from a number on, and watches the server meanwhile. */
  async send(first: number, count: number, onProgress?: (done: number) => void): Promise<void> {
    let next = first;
    const looking = new AbortController();
    const looks = this.lookNowAndThen(looking.signal, () => onProgress?.(next - first));
    await Promise.all(
      this.lanes.map(async ({ connection, sender }) => {
        while (next < first + count && this.faults.length < MAX_FAULTS) {
          const index = next++;
          const request = requestOf(this.seed, index, sender);
          await this.judge(index, request, await connection.exchange(request));
        }
        connection.close();
      }),
    );
    looking.abort();
    await looks;
  }

  /** What the server has, once it has let go of all connections. With a base line to come back to it waits for it. */
  async settled(base?: number): Promise<Watch & { readonly descriptors: number }> {
    let descriptors = Infinity;
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until;) {
      const last = descriptors;
      descriptors = await this.watched.openDescriptors();
      if (base === undefined ? descriptors === last : descriptors <= base) break;
      await delay(SETTLING_MS);
    }
    return { ...(await this.look()), descriptors };
  }

  private async lookNowAndThen(signal: AbortSignal, tell: () => void): Promise<void> {
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      await this.look();
      tell();
    }
  }

  private async look(): Promise<Watch> {
    const watch = await this.watched.look();
    this.stallsMs.push(...watch.stallsMs);
    this.beats += watch.beats;
    this.longestGapMs.server = Math.max(this.longestGapMs.server, watch.longestGapMs);
    this.longestGapMs.idle = Math.max(this.longestGapMs.idle, watch.idleGapMs);
    return watch;
  }

  /** What starting and warming up took is not asked for. */
  forgetStalls(): void {
    this.stallsMs = [];
    this.beats = 0;
    this.longestGapMs = { server: 0, idle: 0 };
  }

  private async judge(index: number, request: FuzzRequest, exchange: Exchange): Promise<void> {
    const { status, text } = exchange.answer ?? {};
    const codes = [...(text ?? '').matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
    const ending = [status ?? exchange.ended, ...new Set(codes)].join(' ');
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
    const fault = faultOf(request, exchange);
    if (fault === undefined) return;
    const savedAs = join(this.folder, `request-${String(this.seed)}-${String(index)}.http`);
    await writeFile(savedAs, request.bytes);
    this.faults.push({ index, fault, savedAs });
  }
}

/** What is wrong with how a request ended. Without a sound head it may end with no answer. */
function faultOf({ isFramed }: FuzzRequest, { ended, answer }: Exchange): string | undefined {
  if (ended === 'timeout') return `No answer within ${String(PATIENCE_MS)} ms.`;
  if (!answer) return isFramed ? 'The connection ended without an answer.' : undefined;
  const { status, headers, text } = answer;
  if (status >= 500) return `HTTP ${String(status)}: ${text.slice(0, 500)}`;
  if (/<html|<!doctype/i.test(text) || headers.get('content-type')?.includes('html'))
    return `HTML: ${text.slice(0, 200)}`;
  if (!isFramed && text === '') return undefined;
  let body: { data?: unknown; errors?: { extensions?: { code?: unknown } }[] };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return `No JSON: ${text.slice(0, 500)}`;
  }
  const codes = (body.errors ?? []).map(({ extensions }) => String(extensions?.code));
  const unknown = codes.find((code) => !CODES.has(code) || code === 'INTERNAL_SERVER_ERROR');
  if (unknown !== undefined) return `The code ${unknown}: ${text.slice(0, 500)}`;
  if (isFramed && codes.length === 0 && body.data === undefined)
    return `Neither data nor errors: ${text.slice(0, 200)}`;
  return undefined;
}
