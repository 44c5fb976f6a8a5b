import { TextDecoder } from 'node:util';
import { LecternError } from '../../errors.js';

/** Checks all bytes of a file while they are uploaded, and refuses the file by throwing. */
export interface ContentCheck {
  /** How many bytes from the end of the file are enough to decide. All bytes are needed when it is absent. */
  readonly tailBytes?: number | undefined;
  /** Called with each chunk, of which it must copy what it keeps. Throws when the file must be refused, whatever follows. */
  chunk(bytes: Uint8Array): void;
  /** Called after the last chunk. Throws when the file must be refused. */
  end(): void;
}

/** Converts a file while it is uploaded. Throws like a ContentCheck. */
export interface ContentConversion {
  /** Called with each chunk. Returns the next bytes to store; may be empty. */
  chunk(bytes: Uint8Array): Uint8Array;
  /** Called after the last chunk. Returns the last bytes to store; may be empty. */
  end(): Uint8Array;
}

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** The longest line that is accepted, in characters: a line is kept in memory until its end arrives. */
const MAX_LINE_LENGTH = 100_000;

/** Decodes text, refuses invalid bytes, and calls `line` with each line (without its line break), then `done`. */
export class LineCheck implements ContentCheck {
  private readonly decoder: TextDecoder;
  private rest = '';

  constructor(
    private readonly line: (text: string) => void,
    private readonly done: () => void = () => undefined,
    private readonly encoding: TextEncoding = 'utf-8',
  ) {
    this.decoder = new TextDecoder(encoding, { fatal: true });
  }

  chunk(bytes: Uint8Array): void {
    this.take(this.decode(bytes, true));
  }

  end(): void {
    this.take(this.decode(new Uint8Array(), false));
    this.line(this.rest.replace(/\r$/, ''));
    this.done();
  }

  private decode(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.decoder.decode(bytes, { stream });
    } catch (error) {
      const name = this.encoding === 'utf-8' ? 'UTF-8' : 'UTF-16, although its byte order mark says so';
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', `The text is not ${name}.`, { cause: error });
    }
  }

  private take(text: string): void {
    // A line ends with CR LF, LF or CR. A CR at the end of the chunk may be the first half of a CR LF.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE_LENGTH) {
      const message = `A line of the text has more than ${String(MAX_LINE_LENGTH)} characters.`;
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', message);
    }
    for (const line of lines) this.line(line);
  }
}
