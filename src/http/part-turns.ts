import type { FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import type { UploadedFile } from '../graphql/upload.js';

type Part = Promise<FileUpload>;

/** How long a part that nobody reads may stand before one that is waited for, in milliseconds. */
const BLOCKED_MS = 1_500;
/** How often that is looked at, in milliseconds. */
const LOOK_MS = 250;

/**
 * The file parts of one request come one behind the other. Fields of one mutation run one after the other, too; when
 * the part of a later field comes first and is too long to be held, the part that is waited for can never come. This
 * notices and refuses, where the client would wait for ever.
 */
export class PartTurns {
  private readonly standing = new Set<Part>();

  /** A part that is announced. From its arrival until it is opened it stands in the way of those behind it. */
  expect(part: Part): void {
    part.then(
      () => this.standing.add(part),
      () => undefined,
    );
  }

  /** Waits for a part and opens it. */
  async open(part: Part): Promise<UploadedFile> {
    let watch: NodeJS.Timeout | undefined;
    const blocked = new Promise<never>((_resolve, reject) => {
      let blockedSince: number | undefined;
      watch = setInterval(() => {
        blockedSince = this.standing.size > 0 ? (blockedSince ?? Date.now()) : undefined;
        if (blockedSince !== undefined && Date.now() - blockedSince >= BLOCKED_MS - LOOK_MS) reject(outOfTurn());
      }, LOOK_MS);
    });
    try {
      return readable(await Promise.race([part, blocked]));
    } catch (error) {
      throw asRefusal(error);
    } finally {
      clearInterval(watch);
      this.standing.delete(part);
    }
  }
}

function readable(part: FileUpload): UploadedFile {
  const stream = part.createReadStream();
  // A part that was cut off before this moment has told so already, to nobody.
  if (stream.destroyed) throw stream.errored ?? new Error('The part was cut off.');
  const { filename, mimetype } = part as Partial<FileUpload>;
  return { filename: filename ?? '', declaredType: mimetype ?? '', stream };
}

function outOfTurn(): LecternError {
  return new LecternError('BAD_REQUEST', 'Send the files in the order of the fields that take them.');
}

/** The library's errors have a status and a message for the client; what has none is a part that broke off. */
export function asRefusal(error: unknown): LecternError {
  if (error instanceof LecternError) return error;
  const { status, message = '' } = (error ?? {}) as { status?: number; message?: string };
  if (status === 413 && message.includes('max file uploads')) {
    return new LecternError('TOO_MANY_FILES', message, { cause: error });
  }
  if (status === 499) return new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
  if (status !== undefined) return new LecternError('BAD_REQUEST', message, { cause: error });
  return new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
}
