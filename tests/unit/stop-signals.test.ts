import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StopSignals } from '../../src/stop-signals.js';

/** Stands in for the process, which a test cannot exit. */
class Host extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): never {
    this.exits.push(code);
    return undefined as never;
  }
}

let host: Host;
let stop: StopSignals;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  host = new Host();
  stop = new StopSignals(host as never);
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s aborts the stop signal and does not exit the process', (signal, exitCode) => {
  expect([stop.signal.aborted, stop.exitCode]).toEqual([false, undefined]);
  host.emit(signal, signal);
  expect(stop.signal.aborted).toBe(true);
  expect(String(stop.signal.reason)).toContain(signal);
  expect(stop.exitCode).toBe(exitCode);
  expect(host.exits).toEqual([]);
});

it('a second SIGINT within 500 ms, which npm sends, is ignored', () => {
  host.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(499);
  host.emit('SIGINT', 'SIGINT');
  expect(host.exits).toEqual([]);
});

it('a second signal exits the process with its own code; the first signal stays the recorded one', () => {
  host.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(500);
  host.emit('SIGTERM', 'SIGTERM');
  expect(host.exits).toEqual([143]);
  expect(stop.exitCode).toBe(130);
});

it('dispose() removes the signal handlers', () => {
  stop.dispose();
  expect([host.listenerCount('SIGINT'), host.listenerCount('SIGTERM')]).toEqual([0, 0]);
});
