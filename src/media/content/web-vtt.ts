import { LecternError } from '../../errors.js';
import { LineCheck, type ContentCheck } from './content-check.js';

/** `WEBVTT`, alone or followed by white space and a remark (https://www.w3.org/TR/webvtt1/#file-structure). */
const HEADER = /^WEBVTT(?:[ \t].*)?$/;
/** A timestamp: optional hours, minutes, seconds, thousandths (https://www.w3.org/TR/webvtt1/#webvtt-timestamp). */
const TIMESTAMP = String.raw`(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})`;
const TIME_LINE = new RegExp(String.raw`^[ \t]*${TIMESTAMP}[ \t]+-->[ \t]+${TIMESTAMP}(?:[ \t]+\S.*)?[ \t]*$`);

/** Checks a WebVTT file as it goes by: UTF-8, the header, and every line that gives the times of a cue. */
export function webVttCheck(): ContentCheck {
  let number = 0;
  let inComment = false;
  return new LineCheck((text) => {
    number += 1;
    const line = text.replace(/\r$/, '');
    if (number === 1) {
      if (!HEADER.test(line)) throw refusal('does not begin with WEBVTT');
      return;
    }
    // What stands in a NOTE, STYLE or REGION block up to the next empty line is no cue.
    if (line === '') inComment = false;
    else if (/^(NOTE|STYLE|REGION)([ \t]|$)/.test(line)) inComment = true;
    if (line.includes('-->') && !inComment) checkTimes(line, number);
  });
}

function checkTimes(line: string, number: number): void {
  const parts = TIME_LINE.exec(line);
  if (!parts) throw refusal(`has a wrong time line (line ${String(number)})`);
  const [, ...times] = parts.map((part: string | undefined) => Number(part ?? 0));
  if (seconds(times.slice(4)) <= seconds(times.slice(0, 4))) {
    throw refusal(`has a cue that ends before it begins (line ${String(number)})`);
  }
}

function seconds([hours = 0, minutes = 0, secs = 0, thousandths = 0]: readonly number[]): number {
  return hours * 3600 + minutes * 60 + secs + thousandths / 1000;
}

function refusal(fault: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', `The file is no WebVTT: it ${fault}.`);
}
