/**
 * The times of a cue as browsers parse them (https://www.w3.org/TR/webvtt1/#file-parsing). They accept more than
 * authors may write: hours with any number of digits, no spaces around the arrow, the times in any order, any text
 * after them.
 */
const TIMESTAMP = String.raw`(?:\d+:)?[0-5]\d:[0-5]\d\.\d{3}(?!\d)`;
const TIME_LINE = new RegExp(String.raw`^[ \t\f]*${TIMESTAMP}[ \t\f]*-->[ \t\f]*${TIMESTAMP}`);

/** `WEBVTT`, optionally followed by white space and a comment (https://www.w3.org/TR/webvtt1/#file-structure). */
export const WEB_VTT_HEADER = /^WEBVTT(?=[ \t\r\n]|$)/;

/**
 * Returns a function that checks the lines of a WebVTT file, in order. It calls `refuse` with the number of a line that
 * has an arrow but no times that a browser accepts. Arrows in comments, styles and regions are ignored.
 */
export function webVttLines(refuse: (number: number) => never): (line: string) => void {
  let number = 0;
  let inComment = false;
  return (line) => {
    number += 1;
    if (number === 1) return;
    if (line === '') inComment = false;
    else if (/^(NOTE|STYLE|REGION)([ \t]|$)/.test(line)) inComment = true;
    if (line.includes('-->') && !inComment && !TIME_LINE.test(line)) refuse(number);
  };
}
