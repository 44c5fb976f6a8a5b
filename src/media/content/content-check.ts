import { LecternError } from '../../errors.js';

/** Looks at all bytes of a file as they go by, and may refuse it before it is published. */
export interface ContentCheck {
  /** Throws when what came so far cannot become right any more. */
  chunk(bytes: Uint8Array): void;
  /** Throws when the whole is not right. */
  end(): void;
}

/** The longest line that is held while its end has not come, in characters. */
const MAX_LINE_LENGTH = 100_000;

/** Decodes UTF-8 strictly and hands on whole lines, as WebVTT and plain text are checked by. */
export class LineCheck implements ContentCheck {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private rest = '';

  constructor(
    private readonly line: (text: string) => void,
    private readonly done: () => void = () => undefined,
  ) {}

  chunk(bytes: Uint8Array): void {
    this.take(this.decode(bytes, true));
  }

  end(): void {
    this.take(this.decode(new Uint8Array(), false));
    this.line(this.rest);
    this.done();
  }

  private decode(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.decoder.decode(bytes, { stream });
    } catch (error) {
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'The text is not UTF-8.', { cause: error });
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
