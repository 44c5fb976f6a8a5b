import { TextDecoder } from 'node:util';
import { LecternError } from '../../errors.js';

/** Looks at all bytes of a file while they stream by, and may refuse it before it is published. */
export interface ContentCheck {
  /** Throws when no further bytes can make the file acceptable. */
  chunk(bytes: Uint8Array): void;
  /** Throws when the whole file is not acceptable. */
  end(): void;
}

/** Replaces the bytes of a file while they stream by. Throws as a ContentCheck does. */
export interface ContentConversion {
  /** Returns what is to be stored so far and was not returned before; may be empty. */
  chunk(bytes: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** The longest line that is held while its end has not come, in characters. */
const MAX_LINE_LENGTH = 100_000;

/** Decodes text strictly and passes on whole lines, without their ends. */
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
      const name = this.encoding === 'utf-8' ? 'UTF-8' : 'UTF-16, as its byte order mark says';
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', `The text is not ${name}.`, { cause: error });
    }
  }

  private take(text: string): void {
    // A line ends with CR LF, LF or CR; a CR at the very end may be the first half of a CR LF.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE_LENGTH) throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'A line is too long.');
    for (const line of lines) this.line(line);
  }
}
