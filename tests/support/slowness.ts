import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** How long `WORK` takes on the machine for which deadlines are written, when it is idle, in milliseconds. */
const REFERENCE_MS = 180;
/** Parses and formats JSON, which takes much of the time of the tests and the server. */
const WORK = `
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ i, name: 'x'.repeat(i % 50), list: [i, i / 3] }));
  const text = JSON.stringify(rows);
  const began = performance.now();
  for (let i = 0; i < 250; i++) JSON.stringify(JSON.parse(text));
  require('node:worker_threads').parentPort.postMessage(performance.now() - began);
`;

/**
 * Measures the factor by which the deadlines of tests are longer on this machine at its present load: at least 1. Called
 * once for a run. Uses two cores at the same time, like the tests.
 */
export async function measureSlowness(): Promise<number> {
  const threads = Array.from({ length: Math.min(2, availableParallelism()) }, millisecondsOfWork);
  const slowest = Math.max(...(await Promise.all(threads)));
  return Math.max(1, slowest / REFERENCE_MS);
}

function millisecondsOfWork(): Promise<number> {
  return new Promise((resolve, reject) => {
    new Worker(WORK, { eval: true }).once('message', resolve).once('error', reject);
  });
}
