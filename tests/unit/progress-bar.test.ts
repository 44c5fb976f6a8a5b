import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProgressBar } from '../../src/cli/progress-bar.js';

let written: string;

/** A stream that looks like a terminal, or like a pipe. */
function streamThat(isTTY: boolean): NodeJS.WriteStream {
  const stream = new PassThrough();
  stream.on('data', (bytes: Buffer) => (written += String(bytes)));
  // What cli-progress asks a terminal for.
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

it('draws a bar on a terminal, with a total that grows when there is more than was counted', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.show({ label: 'Checking', done: 5, total: 10 });
  bar.show({ label: 'Checking', done: 12, total: 10 });
  bar.end();
  expect(written).toMatch(/Checking \S+ 50% \| 5\/10/);
  expect(written).toMatch(/Checking \S+ 100% \| 12\/10/);
});

it('shows only what is done while the total is not known', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.show({ label: 'Listing', done: 7, total: undefined });
  bar.end();
  expect(written).toMatch(/Listing 7/);
  expect(written).not.toContain('%');
});

it('clears the line of the bar before a line of its own, and only then', () => {
  const bar = new ProgressBar(streamThat(true));
  bar.say('first');
  expect(written).toBe('first\n');
  bar.show({ done: 1, total: 2, facts: 'half' });
  written = '';
  bar.say('second');
  bar.end();
  expect(written.startsWith('\r\u001B[2Ksecond\n')).toBe(true);
});

it('writes a line every ten seconds where there is no terminal', () => {
  const bar = new ProgressBar(streamThat(false));
  bar.show({ label: 'Checking', done: 1, total: 9 });
  expect(written).toBe('');
  vi.advanceTimersByTime(10_000);
  bar.show({ label: 'Checking', done: 3, total: 9 });
  bar.show({ label: 'Checking', done: 4, total: 9 });
  bar.clear();
  bar.end();
  expect(written).toBe('Checking 3/9\n');
});
