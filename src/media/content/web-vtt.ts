/**
 * What a browser's parser makes a cue from (https://www.w3.org/TR/webvtt1/#file-parsing): it takes more than the rules for
 * authors allow. Hours of any number of digits, no blanks around the arrow, any order of the two times, anything behind.
 */
const TIMESTAMP = String.raw`(?:\d+:)?[0-5]\d:[0-5]\d\.\d{3}(?!\d)`;
const TIME_LINE = new RegExp(String.raw`^[ \t\f]*${TIMESTAMP}[ \t\f]*-->[ \t\f]*${TIMESTAMP}`);

/** `WEBVTT`, alone or followed by white space and a remark (https://www.w3.org/TR/webvtt1/#file-structure). */
export const WEB_VTT_HEADER = /^WEBVTT(?=[ \t\r\n]|$)/;

/**
 * Checks the lines of a WebVTT file, the header first. `refuse` is called for a line with an arrow from which a browser
 * makes no cue, with the number of the line; arrows in comments, styles and regions are passed over.
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
