import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MiB } from './transfer.js';

const LOOK_EVERY_MS = 10;

/** How much memory a process has in RAM, in MiB. Source: proc(5), `VmRSS` of /proc/pid/status. */
export function residentMiB(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kibibytes) * 1024) / MiB;
}

/** The processor time of all threads of a process so far, in milliseconds. Source: /proc/pid/task/tid/schedstat. */
export function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** The most memory that a process has in RAM while some work runs, in MiB. */
export async function peakDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = residentMiB(pid);
  let running = true;
  const look = async (): Promise<void> => {
    while (running) {
      peak = Math.max(peak, residentMiB(pid));
      await delay(LOOK_EVERY_MS);
    }
  };
  const looking = look();
  await work().finally(() => (running = false));
  await looking;
  return peak;
}
