import { setTimeout as delay } from 'node:timers/promises';
import type { Request, RequestHandler } from 'express';
import onHeaders from 'on-headers';
import { LecternError } from '../errors.js';

/** How often a stopping server looks whether requests have ended, in milliseconds. */
const LOOK_MS = 50;
/** How long requests that were told to give up may take over it, in milliseconds. */
const GIVING_UP_MS = 5_000;
/** How long the last ones have, once the port takes no more, in milliseconds. */
const LAST_ONES_MS = 2_000;

interface Running {
  readonly gone: AbortController;
  /** Whether it came when the server was stopping already. Nobody waits for such: they never cease to come. */
  readonly late: boolean;
}

/**
 * The requests that are being answered, so that a stopping server can let them finish: no new upload begins, running
 * requests have a grace, the rest are told to give up and clean up after themselves.
 */
export class RunningRequests {
  private readonly running = new Map<Request, Running>();
  private stopping = false;

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Keeps count of a request until its answer has been read, as far as one can tell, or its client has gone. */
  readonly track: RequestHandler = (request, response, next) => {
    const gone = new AbortController();
    const ended = (): boolean => this.running.delete(request);
    this.running.set(request, { gone, late: this.stopping });
    onHeaders(response, () => {
      // Clients that keep their connections should look for another server; one that still writes has to hear it first.
      if (this.stopping && request.complete) response.setHeader('Connection', 'close');
    });
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('The client has gone.'));
      if (request.complete || request.socket.destroyed) {
        ended();
        return;
      }
      // Answered before all of it had come: a client that still writes has yet to read the answer.
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

  /**
   * From now on the server is stopping. Resolves when all that ran before has ended, after `graceMs` or little more.
   * What comes meanwhile is answered, too; `ended` waits for it.
   */
  async finish(graceMs: number): Promise<void> {
    this.stopping = true;
    await this.noneWithin(graceMs, ({ late }) => !late);
    for (const { gone, late } of this.running.values()) {
      if (!late) gone.abort(new LecternError('SERVICE_UNAVAILABLE'));
    }
    await this.noneWithin(GIVING_UP_MS, ({ late }) => !late);
  }

  /** Resolves when no request is left. For a port that takes no new ones. */
  async ended(): Promise<void> {
    await this.noneWithin(LAST_ONES_MS, () => true);
  }

  private async noneWithin(ms: number, counts: (running: Running) => boolean): Promise<void> {
    const until = Date.now() + ms;
    while ([...this.running.values()].some(counts) && Date.now() < until) await delay(LOOK_MS);
  }
}
