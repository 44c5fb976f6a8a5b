import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { LecternError } from '../errors.js';
import { clientAddressOf } from './client-address.js';

/** Requests a minute; 0 for no limit. */
export interface RateLimitOptions {
  readonly viewerRequestsPerMinute: number;
  readonly addressRequestsPerMinute: number;
}

const WINDOW_SECONDS = 60;
/** How many viewers or addresses are counted at once. When there are more, those that were quiet for longest are forgotten. */
const MAX_COUNTED = 50_000;

/**
 * How many requests one viewer, or one address without a valid token, may send within a minute. Counted in this process
 * alone. A refusal is RATE_LIMITED, and its `Retry-After` says in how many seconds the minute is over.
 */
export class RateLimits {
  private readonly addresses: Counted | undefined;
  private readonly viewers: Counted | undefined;

  constructor(options: RateLimitOptions) {
    this.addresses = countedPerMinute(options.addressRequestsPerMinute);
    this.viewers = countedPerMinute(options.viewerRequestsPerMinute);
  }

  /** For a request without a token, or with one that was refused. */
  async countAddress(request: Request, response: Response): Promise<void> {
    await this.addresses?.take(clientAddressOf(request), response);
  }

  /** For a request with a valid token. */
  async countViewer(viewerId: string, response: Response): Promise<void> {
    await this.viewers?.take(viewerId, response);
  }
}

function countedPerMinute(points: number): Counted | undefined {
  return points === 0 ? undefined : new Counted(points);
}

/** Requests in windows of a minute, by name, in bounded memory. */
class Counted {
  private readonly limiter: RateLimiterMemory;
  private readonly names = new LRUCache<string, true>({
    max: MAX_COUNTED,
    dispose: (_value, name, reason) => {
      if (reason === 'evict') void this.limiter.delete(name);
    },
  });

  constructor(points: number) {
    this.limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  }

  async take(name: string, response: Response): Promise<void> {
    this.names.set(name, true);
    try {
      await this.limiter.consume(name);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
      response.setHeader('Retry-After', seconds);
      throw new LecternError('RATE_LIMITED', `Too many requests. Send the next one in ${seconds} seconds.`);
    }
  }
}
