import { setTimeout as delay } from 'node:timers/promises';
import type { Request, RequestHandler } from 'express';
import onHeaders from 'on-headers';
import { LecternError } from '../errors.js';

/** How often a stopping server looks whether requests have ended, in milliseconds. */
const LOOK_MS = 50;
/** How long the last ones have, once the port takes no more, in milliseconds. */
const LAST_ONES_MS = 2_000;

/** How many requests are named in a line of the log. */
const MAX_NAMED = 10;

interface Running {
  readonly gone: AbortController;
  /** Whether it arrived when the server was stopping already. The server does not wait for these: more always come. */
  readonly late: boolean;
  /** Method and path, for the log. */
  readonly name: string;
}

/**
 * The requests that are being answered. A stopping server takes no new upload, lets running requests finish within a
 * grace, then aborts the rest, which clean up after themselves.
 */
export class RunningRequests {
  private readonly running = new Map<Request, Running>();
  private stopping = false;

  /** @param cleanUpMs how long requests that were told to give up may take to clean up, in milliseconds */
  constructor(
    private readonly logger: { info(fields: object, message: string): void },
    private readonly cleanUpMs: number,
  ) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Keeps track of a request until its answer has been sent and its body has ended, or its connection is closed. */
  readonly track: RequestHandler = (request, response, next) => {
    const gone = new AbortController();
    const ended = (): boolean => this.running.delete(request);
    const name = `${request.method} ${request.path}`;
    this.running.set(request, { gone, late: this.stopping, name });
    onHeaders(response, () => {
      // So that clients open their next connection to another server. One that still sends its body must read the answer.
      if (this.stopping && request.complete) response.setHeader('Connection', 'close');
    });
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('The client has gone.'));
      if (request.complete || request.socket.destroyed) {
        ended();
        return;
      }
      // Answered before the body was complete: a client that still writes has yet to read the answer.
      request.once('end', ended);
      request.socket.once('close', ended);
    });
    next();
  };

  /** Refuses new uploads while the server stops. */
  readonly refuseUploads: RequestHandler = (request, _response, next) => {
    if (this.stopping && request.is('multipart/form-data')) throw new LecternError('SERVICE_UNAVAILABLE');
    next();
  };

  /** Aborts when the client has gone, or with SERVICE_UNAVAILABLE when the server stops and the grace is over. */
  signalOf(request: Request): AbortSignal {
    return (this.running.get(request)?.gone ?? new AbortController()).signal;
  }

  /** Whether this server aborted a request that runs, because the grace was over. */
  hasGivenUp(request: Request): boolean {
    return this.running.get(request)?.gone.signal.reason instanceof LecternError;
  }

  /**
   * From now on the server is stopping. Resolves when all requests that ran before have ended, after `graceMs` or little
   * more. Requests that arrive meanwhile are answered, too; `ended` waits for them.
   */
  async finish(graceMs: number): Promise<void> {
    this.stopping = true;
    this.log(`stopping: waits up to ${String(graceMs / 1_000)} s for running requests`);
    await this.noneWithin(graceMs, ({ late }) => !late);
    this.log('stopping: the grace is over, running requests are given up');
    for (const { gone, late } of this.running.values()) {
      if (!late) gone.abort(new LecternError('SERVICE_UNAVAILABLE'));
    }
    await this.noneWithin(this.cleanUpMs, ({ late }) => !late);
  }

  /** Resolves when no request is left. For a port that takes no new ones. */
  async ended(): Promise<void> {
    await this.noneWithin(LAST_ONES_MS, () => true);
  }

  /** Logs which requests the server waits for; nothing when it waits for none. */
  private log(message: string): void {
    const names = [...this.running.values()].filter(({ late }) => !late).map(({ name }) => name);
    if (names.length > 0) this.logger.info({ running: names.length, requests: names.slice(0, MAX_NAMED) }, message);
  }

  private async noneWithin(ms: number, counts: (running: Running) => boolean): Promise<void> {
    const until = Date.now() + ms;
    while ([...this.running.values()].some(counts) && Date.now() < until) await delay(LOOK_MS);
  }
}
