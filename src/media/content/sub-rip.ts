/** A time of SubRip. Its usual faults: a full stop or nothing for the comma, fewer digits, blanks between them. */
const TIME = String.raw`(\d{1,3})\s*:\s*([0-5]?\d)\s*:\s*([0-5]?\d)(?:\s*[,.]\s*(\d{1,3}))?(?!\d)`;
/** Behind the times may stand coordinates, which are dropped. */
const TIME_LINE = new RegExp(String.raw`^\s*${TIME}\s*-->\s*${TIME}(?=\s|$)`);
const COUNTER = /^\s*\d+\s*$/;

/** `{\an8}`, `{\pos(1,2)}` and their like: positions and styles of SubStation Alpha. */
const SSA_CODE = /\{\\[^}]*\}/g;
/** What WebVTT knows, too, is kept; `<font>` is dropped; any other `<` is text. */
const TAG = /<(\/?)([biu])\s*>|<\/?font\b[^>]*>|</gi;
/** An ampersand that begins no character reference. */
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d{1,7}|#x[\da-f]{1,6});)/gi;

/** Whether a text is SubRip: its first line, or the first behind a counter, gives the times of a subtitle. */
export function isSubRip(text: string): boolean {
  const [first = '', second = ''] = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
  return TIME_LINE.test(COUNTER.test(first) ? second : first);
}

/**
 * Turns the lines of a SubRip file into WebVTT. `write` gets what is to be stored, `refuse` is called for a line with an
 * arrow that gives no times, with the number of the line.
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
    // A counter without a subtitle behind it, as some programs end a file.
    while (this.text.at(-1)?.trim() === '') this.text.pop();
    if (this.text.at(-2)?.trim() !== '') this.text.push('');
    this.endCue();
  }

  private endCue(): void {
    // The counter of the next subtitle; the empty line before it is often missing.
    if (COUNTER.test(this.text.at(-1) ?? '')) this.text.pop();
    // An empty line would end the cue: some programs write one into a subtitle.
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
