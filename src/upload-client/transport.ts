import type { Answer } from './graphql.js';
import { networkFailure } from './transient-failure.js';

/** A request whose body is large enough to be watched on its way. */
export interface SendRequest {
  /** Whom a failure is about. */
  readonly to: 'server' | 'storage';
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob | FormData;
  /** Called with the number of bytes sent so far. */
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sends a request once. Rejects with a TransientFailure when no answer came, and with the reason of the signal. */
export type Send = (request: SendRequest) => Promise<Answer>;

/** XMLHttpRequest where there is one, because `fetch` in a browser tells nothing of the bytes that it has sent. */
export const send: Send = (request) =>
  typeof XMLHttpRequest === 'undefined' ? sendByFetch(request) : sendByXhr(request);

function sendByXhr({ to, method, url, headers, body, onSent, signal }: SendRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const xhr = new XMLHttpRequest();
    const abort = (): void => xhr.abort();
    signal.addEventListener('abort', abort);
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded }) => onSent(loaded);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText, retryAfter: retryAfterOf(xhr) });
    // Safari fires `abort` also for connections that it drops by itself: only the signal tells who aborted.
    xhr.onerror = xhr.onabort = () => reject(signal.aborted ? (signal.reason as Error) : networkFailure(to));
    xhr.onloadend = () => signal.removeEventListener('abort', abort);
    xhr.send(body);
  });
}

/** By `getResponseHeader`, browsers complain in the console about a header that the page may not read. */
function retryAfterOf(xhr: XMLHttpRequest): string | null {
  return /^retry-after: *(\d+)/im.exec(xhr.getAllResponseHeaders())?.[1] ?? null;
}

async function sendByFetch({ to, method, url, headers, body, onSent, signal }: SendRequest): Promise<Answer> {
  const streamed = body instanceof Blob && canStream();
  const init = streamed
    ? { headers: { ...headers, 'content-length': String(body.size) }, body: counted(body, onSent), duplex: 'half' }
    : { headers, body };
  try {
    const response = await fetch(url, { method, signal, ...init });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
  } catch (error) {
    signal.throwIfAborted();
    throw networkFailure(to, error);
  }
}

/** Node takes a stream of a known length. Browsers stream over HTTP/2 only, and not all of them. */
function canStream(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

/** The bytes of a blob. Tells how many were taken: by the socket, as nothing is read ahead of it. */
function counted(blob: Blob, onSent: (bytes: number) => void): ReadableStream<Uint8Array> {
  let sent = 0;
  return blob.stream().pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        sent += chunk.byteLength;
        onSent(sent);
        controller.enqueue(chunk);
      },
    }),
  );
}
