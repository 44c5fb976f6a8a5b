import { setTimeout as delay } from 'node:timers/promises';
import type { Request, RequestHandler } from 'express';
import { LecternError } from '../errors.js';

/** How often a stopping server looks whether requests have ended, in milliseconds. */
const LOOK_MS = 50;
/** How long requests that were told to give up may take over it, in milliseconds. */
const GIVING_UP_MS = 5_000;

/**
 * The requests that are being answered, so that a stopping server can let them finish: no new upload begins, running
 * ones have a grace, the rest are told to give up and clean up after themselves.
 */
export class RunningRequests {
  private readonly running = new Map<Request, AbortController>();
  private stopping = false;

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Keeps count of a request until its answer has gone or its client has. */
  readonly track: RequestHandler = (request, response, next) => {
    const gone = new AbortController();
    this.running.set(request, gone);
    response.once('close', () => {
      this.running.delete(request);
      if (!response.writableFinished) gone.abort(new Error('The client has gone.'));
    });
    next();
  };

  /** Refuses new uploads while the server stops. */
  readonly refuseUploads: RequestHandler = (request, _response, next) => {
    if (this.stopping && request.is('multipart/form-data')) throw new LecternError('SERVICE_UNAVAILABLE');
    next();
  };

  /** Aborts when the client has gone, or when the server stops and the grace is over. */
  signalOf(request: Request): AbortSignal {
    return (this.running.get(request) ?? new AbortController()).signal;
  }

  /** From now on the server is stopping. Resolves when nothing runs any more, after `graceMs` or little more. */
  async finish(graceMs: number): Promise<void> {
    this.stopping = true;
    await this.noneWithin(graceMs);
    for (const running of this.running.values()) running.abort(new LecternError('SERVICE_UNAVAILABLE'));
    await this.noneWithin(GIVING_UP_MS);
  }

  private async noneWithin(ms: number): Promise<void> {
    const until = Date.now() + ms;
    while (this.running.size > 0 && Date.now() < until) await delay(LOOK_MS);
  }
}
