import type { Readable } from 'node:stream';

/**
 * Throws for a stream that was given up, or read, before: it says so by its state only. Its events are over, and piping
 * it waits for ever.
 */
export function assertWholeBody(body: Readable): void {
  if (body.errored !== null) throw body.errored;
  if (body.readableAborted || body.destroyed) throw new Error('The body was destroyed before it could be read.');
}
