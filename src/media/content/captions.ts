import { LecternError } from '../../errors.js';
import { LineCheck, type ContentConversion, type TextEncoding } from './content-check.js';
import { isSubRip, SubRipLines } from './sub-rip.js';
import { WEB_VTT_HEADER, webVttLines } from './web-vtt.js';

/**
 * Returns the conversion of a caption file to WebVTT in UTF-8. WebVTT in UTF-8 is stored unchanged, WebVTT in UTF-16
 * (with a byte order mark) is re-encoded, SubRip is converted.
 * Returns undefined when the file is neither WebVTT nor SubRip.
 * @param head The beginning of the file.
 */
export function captionConversion(head: Buffer): ContentConversion | undefined {
  const encoding = encodingOf(head);
  const text = new TextDecoder(encoding).decode(head, { stream: true });
  if (WEB_VTT_HEADER.test(text)) return webVtt(encoding);
  return isSubRip(text) ? subRip(encoding) : undefined;
}

/** Returns the encoding by the byte order mark. Without one it must be UTF-8, which the decoder checks. */
function encodingOf(head: Buffer): TextEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function webVtt(encoding: TextEncoding): ContentConversion {
  const check = webVttLines((number) => {
    throw refusal(number);
  });
  if (encoding !== 'utf-8') {
    return conversion(encoding, (write) => {
      let lineEnd = '';
      return {
        line: (line) => {
          check(line);
          write(lineEnd + line);
          lineEnd = '\n';
        },
        end: () => undefined,
      };
    });
  }
  const lines = new LineCheck(check);
  return {
    chunk: (bytes) => {
      lines.chunk(bytes);
      return bytes;
    },
    end: () => {
      lines.end();
      return new Uint8Array();
    },
  };
}

function subRip(encoding: TextEncoding): ContentConversion {
  return conversion(
    encoding,
    (write) =>
      new SubRipLines(write, (number) => {
        throw refusal(number);
      }),
  );
}

interface LineConverter {
  line(line: string): void;
  end(): void;
}

function conversion(
  encoding: TextEncoding,
  converterTo: (write: (text: string) => void) => LineConverter,
): ContentConversion {
  const written: string[] = [];
  const converter = converterTo((text) => void written.push(text));
  const lines = new LineCheck(
    (line) => converter.line(line),
    () => converter.end(),
    encoding,
  );
  const taken = (): Uint8Array => Buffer.from(written.splice(0).join(''));
  return {
    chunk: (bytes) => {
      lines.chunk(bytes);
      return taken();
    },
    end: () => {
      lines.end();
      return taken();
    },
  };
}

function refusal(number: number): LecternError {
  const message = `Line ${String(number)} of the captions has invalid times.`;
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', message);
}
