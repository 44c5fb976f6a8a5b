import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { SampleFile } from './fixtures.js';
import {
  documentText,
  readResponse,
  requestHeaders,
  type GraphqlDocument,
  type GraphqlResponse,
  type RequestOptions,
} from './graphql-client.js';
import { patience } from './patience.js';

/** A file for a file part. SampleFile has these fields. */
export type UploadFile = Pick<SampleFile, 'filename' | 'contentType' | 'size' | 'chunks'>;

/** A file with any bytes, name and type. */
export function fileOf(content: Uint8Array | string, filename: string, contentType: string): UploadFile {
  const bytes = Buffer.from(content);
  return { filename, contentType, size: bytes.length, chunks: () => [bytes] };
}

// --- The ordinary client: fetch and FormData, like a browser ---

export interface UploadRequest<TData, TVariables> extends RequestOptions {
  readonly document: GraphqlDocument<TData, TVariables>;
  /** Files are null here, as in the request. A file that is left out becomes null. */
  readonly variables?: NoInfer<TVariables>;
  /** The files by their path in the variables: `file`, `input.thumbnail`, `files.0`. Sent in this order. */
  readonly files: Readonly<Record<string, UploadFile>>;
  /** Numbers the paths of the map as Apollo Sandbox does: `0.variables.file`. */
  readonly numbered?: boolean;
}

/** Sends one operation with files as a GraphQL multipart request. The files are in memory. */
export async function uploadRequest<TData = Record<string, unknown>, TVariables = Record<string, unknown>>(
  url: string,
  request: UploadRequest<TData, TVariables>,
): Promise<GraphqlResponse<TData>> {
  const form = new FormData();
  const { operations, map } = operationsAndMap(request);
  form.append('operations', JSON.stringify(operations));
  form.append('map', JSON.stringify(map));
  Object.values(request.files).forEach((file, index) => {
    form.append(String(index), new Blob([...file.chunks()], { type: file.contentType }), file.filename);
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'apollo-require-preflight': 'true', ...requestHeaders(request) },
    body: form,
    ...(request.signal && { signal: request.signal }),
  });
  return readResponse(response);
}

function operationsAndMap<TData, TVariables>(request: UploadRequest<TData, TVariables>) {
  const variables = structuredClone<unknown>(request.variables ?? {});
  const paths = Object.keys(request.files);
  for (const path of paths) setNull(variables, path);
  return {
    operations: { query: documentText(request.document), variables },
    map: Object.fromEntries(
      paths.map((path, index) => [String(index), [`${request.numbered ? `${String(index)}.` : ''}variables.${path}`]]),
    ),
  };
}

function setNull(variables: unknown, path: string): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let holder = variables as Record<string, unknown>;
  for (const key of keys) holder = (holder[key] ??= {}) as Record<string, unknown>;
  if (holder[last] !== undefined && holder[last] !== null) throw new Error(`variables.${path} is not null.`);
  holder[last] = null;
}

// --- Full control: any parts in any order, over a plain socket ---

/** One part of a form. It is neither checked nor escaped, so that tests can send invalid parts. */
export interface Part {
  readonly headers: readonly string[];
  readonly size: number;
  chunks(): Iterable<Uint8Array>;
}

export function fieldPart(name: string, value: string): Part {
  const bytes = Buffer.from(value);
  return { headers: [`Content-Disposition: form-data; name="${name}"`], size: bytes.length, chunks: () => [bytes] };
}

export function filePart(name: string, file: UploadFile): Part {
  return {
    headers: [
      `Content-Disposition: form-data; name="${name}"; filename="${file.filename}"`,
      `Content-Type: ${file.contentType}`,
    ],
    size: file.size,
    chunks: () => file.chunks(),
  };
}

/** Returns `operations`, `map` and the files 0, 1, ... as an array, which tests can reorder or change. */
export function graphqlParts<TData, TVariables>(request: UploadRequest<TData, TVariables>): Part[] {
  const { operations, map } = operationsAndMap(request);
  return [
    fieldPart('operations', JSON.stringify(operations)),
    fieldPart('map', JSON.stringify(map)),
    ...Object.values(request.files).map((file, index) => filePart(String(index), file)),
  ];
}

export interface RawBody {
  readonly contentType: string;
  readonly size: number;
  chunks(): Iterable<Uint8Array>;
}

export function multipartBody(parts: readonly Part[], boundary = `lectern-${randomBytes(8).toString('hex')}`): RawBody {
  const pieces = parts.map((part, index) => ({
    head: Buffer.from(`${index > 0 ? '\r\n' : ''}--${boundary}\r\n${part.headers.join('\r\n')}\r\n\r\n`),
    part,
  }));
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    size: pieces.reduce((sum, { head, part }) => sum + head.length + part.size, end.length),
    *chunks() {
      for (const { head, part } of pieces) {
        yield head;
        yield* part.chunks();
      }
      yield end;
    },
  };
}

/** The first `size` bytes of a body with its full announced length, as when a client disconnects in the middle. */
export function truncated(body: RawBody, size: number): RawBody {
  return {
    contentType: body.contentType,
    size: body.size,
    *chunks() {
      let left = size;
      for (const chunk of body.chunks()) {
        yield chunk.subarray(0, left);
        left -= chunk.length;
        if (left <= 0) return;
      }
    },
  };
}

export interface RawRequest extends RequestOptions {
  /** POST when absent. */
  readonly method?: 'POST' | 'PUT';
  readonly body: RawBody;
  /** Whether the body is sent with Content-Length or in chunks. */
  readonly framing?: 'content-length' | 'chunked';
  /** Half-duplex writes everything before it reads, like many simple clients. It hangs if the server does not read. */
  readonly duplex?: 'half' | 'full';
  /**
   * After the last byte: wait for the response. Or, without the last chunk: send nothing more, close the sending side
   * (FIN), or reset the connection (RST).
   */
  readonly afterwards?: 'wait' | 'stall' | 'end' | 'reset';
  /** Called before every chunk, to simulate slow clients and pauses. */
  readonly beforeChunk?: (bytesSent: number) => Promise<void> | void;
  /** The time-out, in milliseconds. */
  readonly timeoutMs?: number;
}

export interface RawOutcome {
  /** Null when there was no response: see `ended`. */
  readonly response: { status: number; headers: Headers; text: string } | null;
  /** `response`: there is one. `closed`, `reset`: the server closed the connection without one. `timeout`: neither. */
  readonly ended: 'response' | 'closed' | 'reset' | 'timeout';
  /** How many bytes of the body the system has accepted. */
  readonly bytesSent: number;
  readonly milliseconds: number;
}

/** Sends a request over its own socket. Returns how it ended and does not throw. */
export async function rawRequest(url: string, request: RawRequest): Promise<RawOutcome> {
  const began = performance.now();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  const progress = { bytesSent: 0, failed: false, timedOut: false };
  socket.on('error', () => (progress.failed = true));
  const timer = setTimeout(
    () => {
      progress.timedOut = true;
      socket.destroy();
    },
    request.timeoutMs ?? patience(10_000),
  );

  let response: RawOutcome['response'];
  if (request.duplex === 'half') {
    // A paused socket is not read, so the kernel's buffers fill, as with a client that blocks in write().
    socket.pause();
    await send(socket, url, request, progress);
    response = await readAnswer(socket);
  } else {
    const sending = send(socket, url, request, progress);
    response = await readAnswer(socket);
    socket.destroy();
    await sending;
  }
  clearTimeout(timer);
  socket.destroy();
  const ended = response ? 'response' : progress.timedOut ? 'timeout' : progress.failed ? 'reset' : 'closed';
  return { response, ended, bytesSent: progress.bytesSent, milliseconds: performance.now() - began };
}

/** The request line and the headers, to the empty line. */
export function requestHead(
  url: string,
  request: Pick<RawRequest, 'method' | 'body' | 'framing' | 'token' | 'headers'>,
): string {
  const { host, pathname, search } = new URL(url);
  const headers = {
    host,
    'content-type': request.body.contentType,
    ...(request.framing === 'chunked'
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(request.body.size) }),
    'apollo-require-preflight': 'true',
    ...requestHeaders(request),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method ?? 'POST'} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

async function send(socket: Socket, url: string, request: RawRequest, progress: { bytesSent: number }): Promise<void> {
  const chunked = request.framing === 'chunked';
  await write(socket, requestHead(url, request));
  for (const chunk of request.body.chunks()) {
    if (chunk.length === 0) continue;
    await request.beforeChunk?.(progress.bytesSent);
    if (chunked) await write(socket, `${chunk.length.toString(16)}\r\n`);
    await write(socket, chunk);
    if (chunked) await write(socket, '\r\n');
    if (socket.destroyed) return;
    progress.bytesSent += chunk.length;
  }
  if (request.afterwards === 'reset') socket.resetAndDestroy();
  else if (request.afterwards === 'end') socket.end();
  else if (chunked && request.afterwards !== 'stall') await write(socket, '0\r\n\r\n');
}

/** Resolves when the system has accepted the bytes, or when the connection is closed. */
async function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  if (!socket.destroyed)
    await new Promise<void>((resolve) =>
      socket.write(bytes, () => {
        resolve();
      }),
    );
}

/** Reads until an HTTP response is complete or the connection ends. */
async function readAnswer(socket: Socket): Promise<RawOutcome['response']> {
  let received = Buffer.alloc(0);
  return new Promise((resolve) => {
    const look = (ended: boolean) => {
      const response = parseAnswer(received, ended);
      if (response || ended) resolve(response);
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      look(false);
    });
    socket.once('close', () => {
      look(true);
    });
    if (socket.closed) look(true);
    socket.resume();
  });
}

/** Returns the first complete response. When the connection has ended, the received bytes are complete. */
export function parseAnswer(received: Buffer, ended: boolean): RawOutcome['response'] {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const body = received.subarray(headEnd + 4);
  // Skip informational responses such as 100 Continue.
  if (status < 200) return parseAnswer(body, ended);
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
  const chunked = headers.get('transfer-encoding') === 'chunked';
  const whole = chunked ? joinChunks(body) : body;
  // Without either header, the body ends with the connection (RFC 9112, 6.3).
  const length = Number(headers.get('content-length') ?? Infinity);
  if (whole === null || (!chunked && !ended && whole.length < length)) return null;
  // The following bytes belong to the next response.
  return { status, headers, text: whole.toString('utf8', 0, Math.min(whole.length, length)) };
}

/** Returns null when the last chunk has not arrived. */
function joinChunks(body: Buffer): Buffer | null {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
    if (at > body.length) return null;
  }
}
