import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** How much is collected before it is freed, in bytes: each time takes some microseconds. */
const FREE_AT_ONCE_BYTES = 512 * 1024;
/** Smaller memory is not worth it. In bytes. */
const SMALLEST_BYTES = 16 * 1024;

/** What is transferred to a closed port is freed (https://html.spec.whatwg.org/multipage/web-messaging.html, "postMessage"). */
const closedPort = newClosedPort();
let collected: ArrayBuffer[] = [];
let collectedBytes = 0;

/**
 * Frees the memory of a chunk earlier than the garbage collector, which frees received chunks only when there are 32 MiB of
 * them. Call it only when no other code reads the chunk: afterwards it has no bytes. Does nothing when the chunk is a part
 * of larger memory, which other chunks may use.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength !== buffer.byteLength || byteLength < SMALLEST_BYTES) return;
  collected.push(buffer);
  collectedBytes += byteLength;
  if (collectedBytes < FREE_AT_ONCE_BYTES) return;
  closedPort.postMessage(null, collected);
  collected = [];
  collectedBytes = 0;
}

function newClosedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
