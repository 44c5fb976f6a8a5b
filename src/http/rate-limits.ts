import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { LecternError } from '../errors.js';
import { clientAddressOf } from './client-address.js';

/** Requests per minute. 0: no limit. */
export interface RateLimitOptions {
  readonly viewerRequestsPerMinute: number;
  readonly addressRequestsPerMinute: number;
}

const WINDOW_SECONDS = 60;
/**
 * How many viewers or addresses are counted at once. Beyond that, those without requests for the longest time are
 * dropped.
 */
const MAX_COUNTED = 50_000;

/**
 * Limits the requests per minute of each viewer, and of each address without a valid token. Counts in this process
 * only. A request above the limit is refused with RATE_LIMITED; `Retry-After` is the number of seconds until the minute
 * ends.
 */
export class RateLimits {
  private readonly addresses: MinuteCounter | undefined;
  private readonly viewers: MinuteCounter | undefined;

  constructor(options: RateLimitOptions) {
    this.addresses = minuteCounter(options.addressRequestsPerMinute);
    this.viewers = minuteCounter(options.viewerRequestsPerMinute);
  }

  /** Counts a request without a valid token. */
  async countAddress(request: Request, response: Response): Promise<void> {
    await this.addresses?.take(clientAddressOf(request), response);
  }

  /** Counts a request with a valid token. */
  async countViewer(viewerId: string, response: Response): Promise<void> {
    await this.viewers?.take(viewerId, response);
  }
}

function minuteCounter(points: number): MinuteCounter | undefined {
  return points === 0 ? undefined : new MinuteCounter(points);
}

/** Counts requests per minute for each name (a viewer or an address), in bounded memory. */
class MinuteCounter {
  private readonly limiter: RateLimiterMemory;
  private readonly names = new LRUCache<string, true>({
    // With `max`, the cache would allocate memory for that many names at the start.
    maxSize: MAX_COUNTED,
    sizeCalculation: () => 1,
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
      throw new LecternError('RATE_LIMITED', `Too many requests. Wait ${seconds} seconds before the next one.`);
    }
  }
}
