import type { FuzzReport } from './fuzz.js';

/** The longest that the event loop may stand still, in milliseconds. */
const MAX_STALL_MS = 100;
/** How much more memory may be in use after a run than before. */
const MAX_DRIFT = 0.05;

/** What a run has shown that must not be. */
export function complaintsOf(report: FuzzReport): string[] {
  const { faults, isSameProcess, exitCode, stderr, descriptors, memory, stallsMs, beats } = report;
  const complaints: string[] = [];
  if (faults.length > 0) complaints.push(`${String(faults.length)} requests had an answer that none may get.`);
  if (!isSameProcess) complaints.push('The server process has ended.');
  if (exitCode !== 0) complaints.push(`The server stopped with ${String(exitCode)}.`);
  if (stderr !== '') complaints.push(`The server wrote: ${stderr.slice(0, 2_000)}`);
  if (descriptors.after > descriptors.before) {
    complaints.push(`${String(descriptors.after - descriptors.before)} descriptors stayed open.`);
  }
  if (memory.drift >= MAX_DRIFT) complaints.push(`Memory grew by ${(memory.drift * 100).toFixed(2)} %.`);
  const stalls = stallsMs.filter((ms) => ms > MAX_STALL_MS);
  if (stalls.length > 0) complaints.push(`The event loop stood still for ${stalls.map(Math.round).join(', ')} ms.`);
  if (beats < 100) complaints.push('The event loop was not watched.');
  return complaints;
}
