import type { Readable } from 'node:stream';
import type { Digest } from '../../digest.js';
import type { SlotRules } from '../slots.js';
import { checkClaims, nameOfContent } from './claims.js';
import { asIncomplete, discardRest, MeasuredBody, type BodyRules, type BodyServices } from './measured-body.js';
import { displayName } from './names.js';
import { sniff, zipAdvice } from './sniff.js';

/** A file that is to be stored: from a GraphQL request, a command or a finished direct upload. */
export interface IncomingFile {
  /** The file name as the client sent it. May be any text. */
  readonly filename: string;
  /** The media type as the client sent it. May be any text. */
  readonly declaredType: string;
  readonly stream: Readable;
  /** True when nobody but the reader of the stream reads its chunks. Absent: false. */
  readonly ownsChunks?: boolean;
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
  /** As in IncomingFile, for the chunks of `body`. */
  readonly ownsChunks: boolean;
  /** Destroys `body` and discards the rest of the source. Call it when `body` will not be read to its end. */
  release(): void;
  /** Returns the size in bytes and the SHA-256 (lower-case hex) of `body`. Call it after `body` has ended. */
  measured(): Promise<Digest>;
}

/** How many bytes are read to find the type. `file-type` recommends this size (`reasonableDetectionSizeInBytes`). */
export const SNIFF_BYTES = 4_100;
/** The largest picture in any slot, in bytes: a picture is read into memory to be decoded. */
const MAX_IMAGE_BYTES = 100 * 1024 ** 2;

/**
 * Reads the first bytes of a file and finds its type.
 * Rejects with EMPTY_FILE when there are no bytes, and with UNSUPPORTED_MEDIA_TYPE when the slot does not accept the
 * type, or when the name or the declared type contradicts it.
 */
export async function inspect(
  incoming: IncomingFile,
  rules: SlotRules,
  services: BodyServices,
): Promise<InspectedFile> {
  const chunks = incoming.stream.iterator({ destroyOnReturn: false });
  try {
    const head = await readHead(chunks, services.onProgress);
    const { filename, contentType, extension, ...rest } = await recognise(head, incoming, rules);
    // Ends the reading of the head, not the stream.
    await chunks.return?.();
    const body = new MeasuredBody(head, incoming.stream, { ...rest, ...services });
    return {
      filename,
      contentType,
      extension,
      body,
      ownsChunks: incoming.ownsChunks ?? false,
      release: () => body.destroy(),
      measured: () => body.measured(),
    };
  } catch (error) {
    discardRest(incoming.stream);
    throw error;
  }
}

/** What the first bytes of a file tell, and what the others must pass. */
export interface RecognisedFile extends BodyRules {
  /** The client's name for it, made safe to show, with the extension of its content. */
  readonly filename: string;
  readonly contentType: string;
  readonly extension: string;
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
    throw asIncomplete(error);
  }
}
