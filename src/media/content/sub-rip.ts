/** A SubRip time. Common mistakes are accepted: a full stop instead of the comma, fewer digits, spaces in between. */
const TIME = String.raw`(\d{1,3})\s*:\s*([0-5]?\d)\s*:\s*([0-5]?\d)(?:\s*[,.]\s*(\d{1,3}))?(?!\d)`;
/** Coordinates may follow the times. They are dropped. */
const TIME_LINE = new RegExp(String.raw`^\s*${TIME}\s*-->\s*${TIME}(?=\s|$)`);
const COUNTER = /^\s*\d+\s*$/;

/** Codes of SubStation Alpha for positions and styles, such as `{\an8}` or `{\pos(1,2)}`. */
const SSA_CODE = /\{\\[^}]*\}/g;
/** Tags that WebVTT has too (`b`, `i`, `u`) are kept, `font` is dropped, and any other `<` is text. */
const TAG = /<(\/?)([biu])\s*>|<\/?font\b[^>]*>|</gi;
/** An ampersand that does not begin a character reference. */
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d{1,7}|#x[\da-f]{1,6});)/gi;

/** Returns true when the first line, or the second after a counter, has the times of a subtitle. Skips empty lines. */
export function isSubRip(text: string): boolean {
  const [first = '', second = ''] = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
  return TIME_LINE.test(COUNTER.test(first) ? second : first);
}

/**
 * Converts the lines of a SubRip file to WebVTT. Calls `write` with the text to store, and `refuse` with the number of
 * a line that has an arrow but no valid times.
 */
export class SubRipLines {
  private number = 0;
  private times: string | undefined;
  private text: string[] = [];

  constructor(
    private readonly write: (text: string) => void,
    private readonly refuse: (number: number) => never,
  ) {
    write('WEBVTT\n\n');
  }

  line(line: string): void {
    this.number += 1;
    const times = TIME_LINE.exec(line);
    if (times) {
      this.endCue();
      this.times = `${timestamp(times.slice(1, 5))} --> ${timestamp(times.slice(5, 9))}`;
    } else if (line.includes('-->')) {
      this.refuse(this.number);
    } else {
      this.text.push(line);
    }
  }

  end(): void {
    // Some programs end a file with a counter without a subtitle.
    while (this.text.at(-1)?.trim() === '') this.text.pop();
    if (this.text.at(-2)?.trim() !== '') this.text.push('');
    this.endCue();
  }

  private endCue(): void {
    // The last line may be the counter of the next subtitle, because the empty line before it is often missing.
    if (COUNTER.test(this.text.at(-1) ?? '')) this.text.pop();
    // Some programs write empty lines into a subtitle. In WebVTT an empty line would end the cue.
    const lines = this.text.map(cueText).filter((line) => line.trim() !== '');
    if (this.times !== undefined) this.write([this.times, ...lines, '', ''].join('\n'));
    this.text = [];
  }
}

function timestamp(parts: readonly (string | undefined)[]): string {
  const [hours, minutes, seconds] = parts.map((part) => (part ?? '0').padStart(2, '0'));
  return `${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}.${(parts[3] ?? '0').padStart(3, '0')}`;
}

function cueText(line: string): string {
  return line
    .replace(SSA_CODE, '')
    .replace(BARE_AMPERSAND, '&amp;')
    .replace(TAG, (tag, slash: string | undefined, name: string | undefined) => {
      if (name !== undefined) return `<${slash ?? ''}${name.toLowerCase()}>`;
      return tag === '<' ? '&lt;' : '';
    });
}
