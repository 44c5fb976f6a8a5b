import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { RateLimits } from '../../src/http/rate-limits.js';

/** Sends one more request from an address. Resolves with the error code, or null when the request is allowed. */
async function ask(limits: RateLimits, ip: string): Promise<string | null> {
  const request = { ip, socket: {} } as Request;
  const response = { setHeader: () => response } as unknown as Response;
  try {
    await limits.countAddress(request, response);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('rate limits', () => {
  it('count each IPv4 address and each IPv6 /64 network separately', async () => {
    const limits = new RateLimits({ addressRequestsPerMinute: 2, viewerRequestsPerMinute: 0 });
    expect([await ask(limits, '192.0.2.1'), await ask(limits, '192.0.2.1')]).toEqual([null, null]);
    expect(await ask(limits, '192.0.2.1')).toBe('RATE_LIMITED');
    expect(await ask(limits, '192.0.2.2')).toBeNull();
    expect([await ask(limits, '2001:db8::1'), await ask(limits, '2001:db8::2')]).toEqual([null, null]);
    expect(await ask(limits, '2001:db8::ffff:3')).toBe('RATE_LIMITED');
    expect(await ask(limits, '2001:db8:0:1::1')).toBeNull();
  });

  it('count a bounded number of addresses, and drop the least recently seen', async () => {
    const limits = new RateLimits({ addressRequestsPerMinute: 1, viewerRequestsPerMinute: 0 });
    const others = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    await ask(limits, '192.0.2.1');
    for (const other of others(49_999)) await ask(limits, other);
    expect(await ask(limits, '192.0.2.1')).toBe('RATE_LIMITED');
    for (const other of others(50_000)) await ask(limits, other);
    expect(await ask(limits, '192.0.2.1')).toBeNull();
  });

  it('of 0 allow every request', async () => {
    const limits = new RateLimits({ addressRequestsPerMinute: 0, viewerRequestsPerMinute: 0 });
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask(limits, '192.0.2.1')));
    expect(new Set(answers)).toEqual(new Set([null]));
  });
});
