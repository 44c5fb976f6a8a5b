import type { Readable } from 'node:stream';

/**
 * Throws when nothing can be read from a stream any more: its own error when it failed, else an Error that says that it
 * was destroyed or read to its end. Such a stream emits no further event, so a pipeline from it would never end.
 */
export function assertReadable(body: Readable): void {
  if (body.errored !== null) throw body.errored;
  if (body.readableAborted || body.destroyed) throw new Error('The body was destroyed before it could be read.');
}
