import type { Readable } from 'node:stream';

/**
 * Throws when `body` can no longer be read: its own error if it failed, otherwise an Error, because it was destroyed or
 * read to its end. Such a stream emits no further events, so a pipeline that reads from it would never end.
 */
export function assertReadable(body: Readable): void {
  if (body.errored !== null) throw body.errored;
  if (body.readableAborted || body.destroyed) throw new Error('The body was destroyed before it could be read.');
}
