// Runs inside of the process that is watched (`node --import`), and alone in an idle one for comparison. Answers the
// message `sample` with what it has seen since the last one.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval } from 'node:timers';
import v8 from 'node:v8';
import vm from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const BEAT_MS = 10;
/** Stalls from here on are told, in milliseconds. */
const TOLD_MS = 50;

/**
 * How long this thread has computed, in milliseconds. A busy machine keeps a thread waiting; that is no doing of its own
 * and not counted. Linux, Documentation/scheduler/sched-stats.rst: the first number of schedstat.
 */
function computedMs() {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

function watch() {
  v8.setFlagsFromString('--expose-gc');
  const collectGarbage = vm.runInNewContext('gc');
  let stalls = [];
  let beats = 0;
  let longestGapMs = 0;
  let last;
  const restart = () => (last = { now: performance.now(), computed: computedMs() });
  restart();

  setInterval(() => {
    const before = last;
    restart();
    beats += 1;
    longestGapMs = Math.max(longestGapMs, last.now - before.now - BEAT_MS);
    const stallMs = Math.min(last.now - before.now - BEAT_MS, last.computed - before.computed);
    if (stallMs >= TOLD_MS) stalls.push(stallMs);
  }, BEAT_MS).unref();

  process.on('message', (message) => {
    if (message !== 'sample') return;
    collectGarbage();
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send({ stallsMs: stalls, longestGapMs, beats, memoryBytes: heapUsed + external, rssBytes: rss });
    stalls = [];
    beats = 0;
    longestGapMs = 0;
    // What the collection above took is the doing of the one who asked.
    restart();
  });
}

if (isMainThread && process.send) watch();
