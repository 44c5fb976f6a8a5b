import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { LecternError } from '../../errors.js';
import type { SlotRules } from '../slots.js';
import { checkClaims, nameOfContent } from './claims.js';
import type { ContentCheck, ContentConversion } from './content-check.js';
import { displayName } from './names.js';
import { sniff, zipAdvice } from './sniff.js';

/** What media takes in: from GraphQL, a command or a finished direct upload alike. */
export interface IncomingFile {
  /** The client's word; may be anything. */
  readonly filename: string;
  /** The client's word for the media type. */
  readonly declaredType: string;
  readonly stream: Readable;
}

/** A file whose first bytes have been looked at and whose rest streams on, counted and hashed. */
export interface InspectedFile {
  /** The client's name for it, made safe to show. */
  readonly filename: string;
  readonly contentType: string;
  readonly extension: string;
  /** All bytes that are to be stored, from the first. Errors with FILE_TOO_LARGE at the slot's limit, UPLOAD_INCOMPLETE when the source breaks. */
  readonly body: Readable;
  /** Lets the bytes go by unread, when nobody wants them any more. */
  release(): void;
  /** Size in bytes and SHA-256 of what `body` gave. Final once it has ended. */
  measured(): { readonly size: number; readonly sha256: string };
}

/** How many bytes are looked at to know the type: the sample size that file-type recommends (`reasonableDetectionSizeInBytes`). */
const SNIFF_BYTES = 4_100;
/** The largest picture, in bytes, whatever its slot takes: it is held in memory to be decoded. */
const MAX_IMAGE_BYTES = 100 * 1024 ** 2;
/** How many bytes may wait between the source and the storage. */
const BUFFER_BYTES = 1024 ** 2;

/**
 * Looks at the first bytes of a file. Throws EMPTY_FILE when there are none, UNSUPPORTED_MEDIA_TYPE when the slot does
 * not take what they show or the file claims to be something else. `onProgress` hears of every chunk.
 */
export async function inspect(
  incoming: IncomingFile,
  rules: SlotRules,
  onProgress: () => void,
): Promise<InspectedFile> {
  const chunks = incoming.stream.iterator({ destroyOnReturn: false });
  try {
    const head = await readHead(chunks, onProgress);
    const claims = { declaredType: incoming.declaredType, filename: displayName(incoming.filename) };
    const { contentType, extension, check, conversion } = await sniff(head, rules, claims);
    checkClaims(contentType, claims, zipAdvice(rules));
    const filename = displayName(nameOfContent(claims.filename, contentType, extension));
    const maxBytes = contentType.startsWith('image/') ? Math.min(rules.maxBytes, MAX_IMAGE_BYTES) : rules.maxBytes;
    const body = measuredBody(head, chunks, {
      source: incoming.stream,
      maxBytes,
      check,
      conversion,
      onProgress,
    });
    return { filename, contentType, extension, ...body };
  } catch (error) {
    letGo(incoming.stream);
    throw error;
  }
}

async function readHead(chunks: AsyncIterator<Buffer>, onProgress: () => void): Promise<Buffer> {
  const read: Buffer[] = [];
  let length = 0;
  while (length < SNIFF_BYTES) {
    const chunk = await nextChunk(chunks);
    if (!chunk) break;
    onProgress();
    read.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(read);
}

/** The next chunk, or undefined at the end. The source is the client's: when it breaks, the upload is incomplete. */
async function nextChunk(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  try {
    const next = await chunks.next();
    return next.done ? undefined : next.value;
  } catch (error) {
    if (error instanceof LecternError) throw error;
    throw new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
  }
}

interface BodyOptions {
  readonly source: Readable;
  readonly maxBytes: number;
  readonly check: ContentCheck | undefined;
  readonly conversion: ContentConversion | undefined;
  readonly onProgress: () => void;
}

function measuredBody(
  head: Buffer,
  chunks: AsyncIterator<Buffer>,
  { source, maxBytes, check, conversion, onProgress }: BodyOptions,
): Omit<InspectedFile, 'filename' | 'contentType' | 'extension'> {
  const hash = createHash('sha256');
  let bytesReceived = 0;
  let size = 0;
  let digest: string | undefined;

  function counted(bytes: Uint8Array): Uint8Array {
    size += bytes.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    hash.update(bytes);
    return bytes;
  }

  async function* measure(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk: Buffer | undefined = head; chunk; chunk = await nextChunk(chunks)) {
        onProgress();
        bytesReceived += chunk.length;
        if (bytesReceived > maxBytes) throw tooLarge(maxBytes);
        check?.chunk(chunk);
        const stored = conversion ? conversion.chunk(chunk) : chunk;
        if (stored.length > 0) yield counted(stored);
      }
      check?.end();
      const rest = conversion?.end();
      if (rest?.length) yield counted(rest);
    } finally {
      letGo(source);
    }
  }

  return {
    body: Readable.from(measure(), { objectMode: false, highWaterMark: BUFFER_BYTES }),
    release: () => letGo(source),
    measured: () => ({ size, sha256: (digest ??= hash.digest('hex')) }),
  };
}

function tooLarge(maxBytes: number): LecternError {
  return new LecternError('FILE_TOO_LARGE', `The file is larger than the ${String(maxBytes)} bytes accepted here.`);
}

/** Lets the rest of a refused file go by unread, so that the parts behind it in the same request can still come. */
function letGo(source: Readable): void {
  source.on('error', () => undefined);
  source.resume();
}
