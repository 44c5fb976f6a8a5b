import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process of its own asks, so that the answers do not wait for what this one is busy with. */
const PROBE = join(import.meta.dirname, 'peers', 'latency-probe.js');

/** Asks a server for `{ __typename }` again and again while some work runs. Returns the 99th percentile, in milliseconds. */
export async function startLatencyProbe(url: string, work: () => Promise<unknown>): Promise<number> {
  const probe = fork(PROBE, [url], { env: { PATH: process.env['PATH'] }, execArgv: [] });
  try {
    await once(probe, 'message');
    await work();
    const told = once(probe, 'message') as Promise<[number]>;
    probe.send('end');
    return (await told)[0];
  } finally {
    probe.kill();
  }
}
