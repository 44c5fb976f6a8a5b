import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StopSignals } from '../../src/stop-signals.js';

/** Stands in for the process, which a test cannot end. */
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
] as const)('%s asks for a stop, and is not the end', (signal, exitCode) => {
  expect([stop.signal.aborted, stop.exitCode]).toEqual([false, undefined]);
  host.emit(signal, signal);
  expect(stop.signal.aborted).toBe(true);
  expect(String(stop.signal.reason)).toContain(signal);
  expect(stop.exitCode).toBe(exitCode);
  expect(host.exits).toEqual([]);
});

it('takes one Ctrl-C that arrives twice for one', () => {
  host.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(499);
  host.emit('SIGINT', 'SIGINT');
  expect(host.exits).toEqual([]);
});

it('ends the process at a second signal, with its exit code; the first one stays the reason', () => {
  host.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(500);
  host.emit('SIGTERM', 'SIGTERM');
  expect(host.exits).toEqual([143]);
  expect(stop.exitCode).toBe(130);
});

it('leaves signals alone once it is disposed of', () => {
  stop.dispose();
  expect([host.listenerCount('SIGINT'), host.listenerCount('SIGTERM')]).toEqual([0, 0]);
});
