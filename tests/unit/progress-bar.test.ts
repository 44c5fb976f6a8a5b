import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProgressBar } from '../../src/cli/progress-bar.js';

let written: string;

/** A stream that looks like a terminal or like a pipe. */
function streamThat(isTTY: boolean): NodeJS.WriteStream {
  const stream = new PassThrough();
  stream.on('data', (bytes: Buffer) => (written += String(bytes)));
  // The parts of a terminal that cli-progress uses.
  const terminal = { isTTY, columns: 200, cursorTo: () => true, clearLine: () => true, moveCursor: () => true };
  return Object.assign(stream, terminal) as never;
}

beforeEach(() => {
  written = '';
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('draws a bar on a terminal, also when more is done than was counted', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.show({ label: 'Checking', done: 5, total: 10 });
  bar.show({ label: 'Checking', done: 12, total: 10 });
  bar.end();
  expect(written).toMatch(/Checking \S+ 50% \| 5\/10/);
  expect(written).toMatch(/Checking \S+ 100% \| 12\/10/);
});

it('shows only the number done while the total is unknown', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.show({ label: 'Listing', done: 7, total: undefined });
  bar.end();
  expect(written).toMatch(/Listing 7/);
  expect(written).not.toContain('%');
});

it('clears the bar before it prints a line, and only when there is a bar', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.say('first');
  expect(written).toBe('first\n');
  bar.show({ done: 1, total: 2, facts: 'half' });
  written = '';
  bar.say('second');
  bar.end();
  expect(written.startsWith('\r\u001B[2Ksecond\n')).toBe(true);
});

it('prints a line every ten seconds when the output is not a terminal', () => {
  const bar = new ProgressBar(streamThat(false));
  bar.show({ label: 'Checking', done: 1, total: 9 });
  expect(written).toBe('');
  vi.advanceTimersByTime(10_000);
  bar.show({ label: 'Checking', done: 3, total: 9 });
  bar.show({ label: 'Checking', done: 4, total: 9 });
  bar.clear();
  bar.end();
  expect(written).toBe('Progress: Checking 3/9\n');
});
