import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { LecternError } from '../errors.js';
import { clientAddressOf } from './client-address.js';
import { viewerOf } from './identity.js';

/** Requests a minute; 0 for no limit. */
export interface RateLimitOptions {
  readonly viewerRequestsPerMinute: number;
  readonly addressRequestsPerMinute: number;
}

const WINDOW_SECONDS = 60;
/** How many viewers or addresses are counted at once. Of more, the ones that were quiet for longest are forgotten. */
const MAX_COUNTED = 50_000;

/**
 * How often one viewer, or one address without a valid token, may ask within a minute. Counted in this process alone.
 * Refusals are RATE_LIMITED and say when to come again.
 */
export class RateLimits {
  private readonly addresses: Counted | undefined;
  private readonly viewers: Counted | undefined;

  constructor(options: RateLimitOptions) {
    this.addresses = countedPerMinute(options.addressRequestsPerMinute);
    this.viewers = countedPerMinute(options.viewerRequestsPerMinute);
  }

  /** Before a token is looked at, so that guessing tokens is limited too. */
  readonly byAddress: RequestHandler = async (request, response, next) => {
    await this.addresses?.take(clientAddressOf(request), response);
    next();
  };

  /** Behind `identify`: a viewer has a limit of their own, and gives back what was counted for the address. */
  readonly byViewer: RequestHandler = async (request, response, next) => {
    const viewer = viewerOf(request);
    if (viewer) {
      await this.addresses?.giveBack(clientAddressOf(request));
      await this.viewers?.take(viewer.id, response);
    }
    next();
  };
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
      throw new LecternError('RATE_LIMITED', `Too many requests. Come again in ${seconds} seconds.`);
    }
  }

  async giveBack(name: string): Promise<void> {
    await this.limiter.reward(name);
  }
}
