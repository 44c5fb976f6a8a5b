import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { LecternError } from '../../errors.js';
import type { SlotRules } from '../slots.js';
import { checkClaims, nameOfContent } from './claims.js';
import type { ContentCheck, ContentConversion } from './content-check.js';
import { displayName } from './names.js';
import { sniff, zipAdvice } from './sniff.js';

/** A file that is to be stored: from a GraphQL request, a command or a finished direct upload. */
export interface IncomingFile {
  /** The file name as the client sent it. May be any text. */
  readonly filename: string;
  /** The media type as the client sent it. May be any text. */
  readonly declaredType: string;
  readonly stream: Readable;
}

/** A file whose type is known from its first bytes. The rest is still to be read from `body`. */
export interface InspectedFile {
  /** The client's file name, made safe to show. */
  readonly filename: string;
  readonly contentType: string;
  readonly extension: string;
  /**
   * All bytes to store, including the first. Fails with FILE_TOO_LARGE above the slot's limit, with UPLOAD_INCOMPLETE
   * when the source fails, and with UNSUPPORTED_MEDIA_TYPE when a content check refuses the file.
   */
  readonly body: Readable;
  /** Discards the rest of the source. Call it when `body` will not be read to its end. */
  release(): void;
  /** Returns the size in bytes and the SHA-256 (lower-case hex) of `body`. Call it after `body` has ended. */
  measured(): { readonly size: number; readonly sha256: string };
}

/** How many bytes are read to find the type. `file-type` recommends this size (`reasonableDetectionSizeInBytes`). */
export const SNIFF_BYTES = 4_100;
/** The largest picture in any slot, in bytes: a picture is read into memory to be decoded. */
const MAX_IMAGE_BYTES = 100 * 1024 ** 2;
/** The size of the buffer between the source and the storage, in bytes: what is read from a socket at once. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Reads the first bytes of a file and finds its type.
 * Rejects with EMPTY_FILE when there are no bytes, and with UNSUPPORTED_MEDIA_TYPE when the slot does not accept the
 * type, or when the name or the declared type contradicts it.
 * @param onProgress Called for every chunk that is read, also later from `body`.
 */
export async function inspect(
  incoming: IncomingFile,
  rules: SlotRules,
  onProgress: () => void,
): Promise<InspectedFile> {
  const chunks = incoming.stream.iterator({ destroyOnReturn: false });
  try {
    const head = await readHead(chunks, onProgress);
    const { filename, contentType, extension, ...rest } = await recognise(head, incoming, rules);
    const body = measuredBody(head, chunks, { source: incoming.stream, ...rest, onProgress });
    return { filename, contentType, extension, ...body };
  } catch (error) {
    discardRest(incoming.stream);
    throw error;
  }
}

/** What the first bytes of a file tell, and what the others must pass. */
export interface RecognisedFile {
  /** The client's name for it, made safe to show, with the extension of its content. */
  readonly filename: string;
  readonly contentType: string;
  readonly extension: string;
  /** The most bytes that a file of this type may have in its slot. */
  readonly maxBytes: number;
  readonly check: ContentCheck | undefined;
  readonly conversion: ContentConversion | undefined;
}

/**
 * What a file is, by its first bytes (SNIFF_BYTES of them, or all). Throws EMPTY_FILE when there are none,
 * UNSUPPORTED_MEDIA_TYPE when the slot does not take what they show or the client claims that it is something else.
 */
export async function recognise(
  head: Buffer,
  claimed: Pick<IncomingFile, 'filename' | 'declaredType'>,
  rules: SlotRules,
): Promise<RecognisedFile> {
  const claims = { declaredType: claimed.declaredType, filename: displayName(claimed.filename) };
  const { contentType, extension, check, conversion } = await sniff(head, rules, claims);
  checkClaims(contentType, claims, zipAdvice(rules));
  const filename = displayName(nameOfContent(claims.filename, contentType, extension));
  const maxBytes = contentType.startsWith('image/') ? Math.min(rules.maxBytes, MAX_IMAGE_BYTES) : rules.maxBytes;
  return { filename, contentType, extension, maxBytes, check, conversion };
}

/** The refusal of a file that is larger than its place takes. */
export function tooLarge(maxBytes: number): LecternError {
  return new LecternError('FILE_TOO_LARGE', `The file is larger than the limit of ${String(maxBytes)} bytes.`);
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

/**
 * Reads the next chunk. Returns undefined at the end.
 * Rejects with UPLOAD_INCOMPLETE when the source fails, because the source is the client's connection.
 */
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
      discardRest(source);
    }
  }

  return {
    body: Readable.from(measure(), { objectMode: false, highWaterMark: BUFFER_BYTES }),
    release: () => discardRest(source),
    measured: () => ({ size, sha256: (digest ??= hash.digest('hex')) }),
  };
}

/** Reads and discards the rest of a file, so that the next parts of the same request can arrive. Ignores its errors. */
function discardRest(source: Readable): void {
  source.on('error', () => undefined);
  source.resume();
}
