import { setTimeout as delay } from 'node:timers/promises';
import type { Request, RequestHandler } from 'express';
import onHeaders from 'on-headers';
import { LecternError } from '../errors.js';

/** How often a stopping server checks whether requests have ended, in milliseconds. */
const CHECK_MS = 50;
/** How long the last requests have after the port was closed, in milliseconds. */
const LAST_REQUESTS_MS = 2_000;

/** How many requests a log line names. */
const MAX_NAMED = 10;

interface Running {
  readonly gone: AbortController;
  /** True when it arrived after the server began to stop. The server does not wait for such requests. */
  readonly late: boolean;
  /** Method and path, for the log. */
  readonly name: string;
}

/**
 * Keeps track of running requests. A stopping server refuses new uploads, lets running requests finish within a grace
 * period, and then aborts the rest, which clean up after themselves.
 */
export class RunningRequests {
  private readonly running = new Map<Request, Running>();
  private stopping = false;

  /** @param cleanUpMs How long aborted requests may take to clean up, in milliseconds. */
  constructor(
    private readonly logger: { info(fields: object, message: string): void },
    private readonly cleanUpMs: number,
  ) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Tracks a request until its response was sent and its body has ended, or its connection is closed. */
  readonly track: RequestHandler = (request, response, next) => {
    const gone = new AbortController();
    const ended = (): boolean => this.running.delete(request);
    const name = `${request.method} ${request.path}`;
    this.running.set(request, { gone, late: this.stopping, name });
    onHeaders(response, () => {
      // Makes clients connect to another server next. Not while the body arrives, or the client could lose the
      // response.
      if (this.stopping && request.complete) response.setHeader('Connection', 'close');
    });
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('The client has disconnected.'));
      if (request.complete || request.socket.destroyed) {
        ended();
        return;
      }
      // The response was sent before the body was complete. The client may still be writing and has to read it.
      request.once('end', ended);
      request.socket.once('close', ended);
    });
    next();
  };

  /** Refuses new uploads while the server stops. */
  readonly refuseUploads: RequestHandler = (request, _response, next) => {
    if (this.stopping && isUpload(request)) throw new LecternError('SERVICE_UNAVAILABLE');
    next();
  };

  /**
   * Returns a signal that aborts when the client has disconnected, or (with SERVICE_UNAVAILABLE) when the grace period
   * of a stopping server is over.
   */
  signalOf(request: Request): AbortSignal {
    return (this.running.get(request)?.gone ?? new AbortController()).signal;
  }

  /** Returns true when this server has aborted the request because the grace period was over. */
  hasGivenUp(request: Request): boolean {
    return this.running.get(request)?.gone.signal.reason instanceof LecternError;
  }

  /**
   * Begins to stop. Resolves when all requests that were running have ended, at most `graceMs` plus the time to clean
   * up later. Requests that arrive meanwhile are still answered; `ended` waits for them.
   */
  async finish(graceMs: number): Promise<void> {
    this.stopping = true;
    this.log(`stopping: waiting up to ${String(graceMs / 1_000)} s for running requests`);
    await this.noneWithin(graceMs, ({ late }) => !late);
    this.log('stopping: the grace period is over, running requests are aborted');
    for (const { gone, late } of this.running.values()) {
      if (!late) gone.abort(new LecternError('SERVICE_UNAVAILABLE'));
    }
    await this.noneWithin(this.cleanUpMs, ({ late }) => !late);
  }

  /** Resolves when no request is left, or after LAST_REQUESTS_MS. Call it after the port was closed. */
  async ended(): Promise<void> {
    await this.noneWithin(LAST_REQUESTS_MS, () => true);
  }

  /** Logs the requests that the server waits for. Logs nothing when there are none. */
  private log(message: string): void {
    const names = [...this.running.values()].filter(({ late }) => !late).map(({ name }) => name);
    if (names.length > 0) this.logger.info({ running: names.length, requests: names.slice(0, MAX_NAMED) }, message);
  }

  private async noneWithin(ms: number, counts: (running: Running) => boolean): Promise<void> {
    const until = Date.now() + ms;
    while ([...this.running.values()].some(counts) && Date.now() < until) await delay(CHECK_MS);
  }
}

/** A multipart form, or a part of a direct upload. */
function isUpload(request: Request): boolean {
  return request.method === 'PUT' || Boolean(request.is('multipart/form-data'));
}
