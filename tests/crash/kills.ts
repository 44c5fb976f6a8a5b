import { expect, inject, it } from 'vitest';
import type { StorageName } from '../../src/storage/storage.js';
import { sampleOf } from '../support/scope.js';
import { onStorage, type StorageUnderTest } from '../support/storages.js';
import { CrashSite } from './crash-site.js';
import { Random } from './random.js';

const MOMENTS = ['before', 'after'] as const;
/** The steps of requests, in the order of a file's life. */
const STEPS = ['journal', 'store', 'insert', 'touch', 'swap', 'publish', 'finish', 'delete', 'mark', 'discard'];
const POINTS = STEPS.flatMap((step) => MOMENTS.map((moment) => ({ moment, step })));
/** Behind these comes no other step, or another's: after any other is before the next. */
const LAST_STEPS = ['insert', 'swap', 'mark', 'delete'];
/** On MongoDB, where everything takes longer, a kill between any two steps. */
const POINTS_BETWEEN = POINTS.filter(({ moment, step }) => moment === 'before' || LAST_STEPS.includes(step));

/**
 * The steps of a sweep, in their order, each with a kill that leaves it something to do. After one step is before the
 * next.
 */
const SWEEP_POINTS = [
  { moment: 'before', step: 'expire', leaving: 'kill:after:store' },
  { moment: 'before', step: 'fence', leaving: 'kill:after:store' },
  { moment: 'before', step: 'doom', leaving: 'kill:after:store' },
  { moment: 'before', step: 'delete', leaving: 'kill:after:store' },
  { moment: 'before', step: 'forget', leaving: 'kill:after:store' },
  { moment: 'after', step: 'forget', leaving: 'kill:after:store' },
  { moment: 'before', step: 'finish', leaving: 'kill:after:swap' },
  { moment: 'after', step: 'finish', leaving: 'kill:after:swap' },
];

/** A step comes by many times, and it is not always the first that does harm. */
const MOST_PASSES = 3;
/** Every story below kills so often. */
const KILLS_PER_STORY = 2;

/** A server that is killed while clients work, then killed again, and has to be whole each time. */
async function killInRequest(
  site: CrashSite,
  random: Random,
  { moment, step }: (typeof POINTS)[number],
): Promise<void> {
  // Few uploads are discarded: the first of them will do.
  const pass = step === 'discard' ? 1 : random.between(1, MOST_PASSES);
  await site.killAt(`kill:${moment}:${step}:${pass}`);
  expect(await site.sweepOnce()).toEqual([]);
  await site.killAtRandom();
  expect(await site.sweepOnce()).toEqual([]);
  await site.compareShelves();
}

/** A server that is killed while it finishes what a kill has left. */
async function killInSweep(site: CrashSite, { moment, step, leaving }: (typeof SWEEP_POINTS)[number]): Promise<void> {
  await site.killAt(leaving);
  await site.killSweepAt(`kill:${moment}:${step}`);
  expect(await site.sweepOnce()).toEqual([]);
  await site.compareShelves();
}

async function story(
  storage: StorageUnderTest,
  seed: number,
  tell: (site: CrashSite, random: Random) => Promise<void>,
): Promise<void> {
  const random = new Random(seed);
  const site = await CrashSite.create(storage, random);
  try {
    await tell(site, random);
  } finally {
    await site.remove();
  }
}

/**
 * Every step of the life of a file, killed before it and after it, and at random moments. With CRASH_KILLS set: so many
 * kills instead, at steps that CRASH_SEED draws.
 */
export function killSuite(name: StorageName): void {
  const kills = Number(process.env.CRASH_KILLS ?? 0);
  onStorage(name, 'a killed server loses nothing acknowledged and leaks nothing', (storage) => {
    if (kills > 0) {
      const seeds = Array.from({ length: Math.ceil(kills / KILLS_PER_STORY) }, (_, i) => seedOf(i));
      it.each(seeds)('with seed %d', (seed) =>
        story(storage, seed, (site, random) => {
          const inSweep = random.between(1, POINTS.length + SWEEP_POINTS.length) > POINTS.length;
          return inSweep
            ? killInSweep(site, random.one(SWEEP_POINTS))
            : killInRequest(site, random, random.one(POINTS));
        }),
      );
      return;
    }
    it.each(sampleOf(inject('mongodbUri') === null ? POINTS : POINTS_BETWEEN, 3))(
      'killed $moment the step $step, then at a random moment',
      (point) => story(storage, POINTS.indexOf(point), (site, random) => killInRequest(site, random, point)),
    );
    it.each(sampleOf(SWEEP_POINTS, 2))('killed $moment the step $step of a sweep', (point) =>
      story(storage, SWEEP_POINTS.indexOf(point), (site) => killInSweep(site, point)),
    );
  });
}

function seedOf(index: number): number {
  return (Number(process.env.CRASH_SEED ?? 1) + index) >>> 0;
}
