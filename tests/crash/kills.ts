import { expect, inject, it } from 'vitest';
import { FAIL_MOMENTS } from '../../src/fail-point.js';
import { everything, sampleOf, shareOf } from '../support/scope.js';
import { onStorage, type StorageUnderTest } from '../support/storages.js';
import { AbandonedHost } from './abandoned-host.js';
import { CrashSite } from './crash-site.js';
import type { KillableHost } from './killable.js';
import { KilledHost } from './killed-host.js';
import type { DeathPoint } from './life.js';
import { Random } from './random.js';

interface RequestPoint {
  readonly when: DeathPoint['when'];
  readonly step: string;
}

/** A point of a sweep, and the point of a request at which a kill leaves that sweep something to do. */
interface SweepPoint extends RequestPoint {
  readonly leaving: DeathPoint;
}

/** The steps of requests, in the order of a file's life. */
const STEPS = ['journal', 'store', 'insert', 'touch', 'swap', 'publish', 'finish', 'delete', 'mark', 'discard'];
const POINTS: readonly RequestPoint[] = STEPS.flatMap((step) => FAIL_MOMENTS.map((when) => ({ when, step })));

/** The steps of a sweep, in their order. */
const UNPUBLISHED = { when: 'after', step: 'store', pass: 1 } as const;
const PUBLISHED = { when: 'after', step: 'swap', pass: 1 } as const;
const SWEEP_STEPS: readonly (readonly [string, DeathPoint])[] = [
  ['expire', UNPUBLISHED],
  ['fence', UNPUBLISHED],
  ['doom', UNPUBLISHED],
  ['delete', UNPUBLISHED],
  ['forget', UNPUBLISHED],
  ['finish', PUBLISHED],
];
const SWEEP_POINTS: readonly SweepPoint[] = SWEEP_STEPS.flatMap(([step, leaving]) =>
  FAIL_MOMENTS.map((when) => ({ when, step, leaving })),
);

/**
 * One point of each operation, where a process is killed by SIGKILL: the creation of records with files, a replacement, a
 * deletion, an upload that is refused, a sweep. All other points are reached by servers that are abandoned.
 */
const KILLED_POINTS: readonly RequestPoint[] = [
  { when: 'after', step: 'swap' },
  { when: 'before', step: 'insert' },
  { when: 'after', step: 'mark' },
  { when: 'before', step: 'discard' },
];
const KILLED_SWEEP_POINTS: readonly SweepPoint[] = [{ when: 'before', step: 'delete', leaving: UNPUBLISHED }];

/** The points of `npm test`, by storage: right after a file was published, and right after one was stored for nobody. */
const IN_SHORT = {
  local: { request: indexOf(POINTS, 'after', 'swap'), sweep: indexOf(SWEEP_POINTS, 'before', 'delete') },
  s3: { request: indexOf(POINTS, 'after', 'store'), sweep: indexOf(SWEEP_POINTS, 'after', 'doom') },
} as const;

function indexOf(points: readonly RequestPoint[], when: RequestPoint['when'], step: string): number {
  return points.findIndex((point) => point.when === when && point.step === step);
}

/** A step occurs many times, and it is not always the first time that does harm. */
const MOST_PASSES = 3;
/** How many kills each test below makes. */
const KILLS_PER_STORY = 2;
/** In a long run, one story in so many is about processes that are killed by SIGKILL. The others take a third of the time. */
const SIGKILL_EACH = 10;

/** A bucket gets the longer videos in two parts, of 8 MiB and the rest. A disk gets them in several writes. */
const LONG_VIDEO_BYTES = { local: 1024 ** 2, s3: 9 * 1024 ** 2 } as const;

type Story = (site: CrashSite, random: Random) => Promise<void>;
type Host = { create(storage: StorageUnderTest): Promise<KillableHost> };

/** A server dies while clients work, then dies again; its data must be consistent each time. */
function dieInRequest({ when, step }: RequestPoint): Story {
  return async (site, random) => {
    // Few uploads are discarded: the first of them is enough.
    const pass = step === 'discard' ? 1 : random.between(1, MOST_PASSES);
    await site.killAt({ when, step, pass });
    expect(await site.sweepOnce()).toEqual([]);
    await site.killAtRandom();
    expect(await site.sweepOnce()).toEqual([]);
    await site.compareShelves();
  };
}

/** A server dies while it cleans up after a kill. */
function dieInSweep({ when, step, leaving }: SweepPoint): Story {
  return async (site) => {
    await site.killAt(leaving);
    await site.killSweepAt({ when, step, pass: 1 });
    expect(await site.sweepOnce()).toEqual([]);
    await site.compareShelves();
  };
}

async function tell(story: Story, { create }: Host, storage: StorageUnderTest, seed: number): Promise<void> {
  const random = new Random(seed);
  const site = new CrashSite(await create(storage), random, LONG_VIDEO_BYTES[storage.name]);
  try {
    await story(site, random);
  } finally {
    await site.remove();
  }
}

/**
 * Every step of the life of a file, with a server that dies before it and after it, and at random moments. With
 * CRASH_KILLS set: that many deaths instead, at steps chosen by CRASH_SEED, one in SIGKILL_EACH by SIGKILL.
 */
export function killSuite(name: 'local' | 's3'): void {
  const kills = Number(process.env.CRASH_KILLS ?? 0);
  onStorage(name, 'a server that is killed loses nothing acknowledged and leaves nothing behind', (storage) => {
    if (kills > 0) {
      const seeds = Array.from({ length: Math.ceil(kills / KILLS_PER_STORY) }, (_, i) => seedOf(i));
      it.each(seeds.map((seed, i) => [seed, i % SIGKILL_EACH === 0 ? 'killed' : 'abandoned'] as const))(
        'with seed %d, %s',
        (seed, how) =>
          tell(
            (site, random) => {
              const inSweep = random.between(1, POINTS.length + SWEEP_POINTS.length) > POINTS.length;
              const story = inSweep ? dieInSweep(random.one(SWEEP_POINTS)) : dieInRequest(random.one(POINTS));
              return story(site, random);
            },
            how === 'killed' ? KilledHost : AbandonedHost,
            storage,
            seed,
          ),
      );
      return;
    }
    it.each(sampleOf(KILLED_POINTS, name === 'local' ? 1 : 0))(
      'killed $when the step $step, then at a random moment',
      (point) => tell(dieInRequest(point), KilledHost, storage, KILLED_POINTS.indexOf(point)),
    );
    it.each(sampleOf(KILLED_SWEEP_POINTS, 0))('killed $when the step $step of a sweep', (point) =>
      tell(dieInSweep(point), KilledHost, storage, KILLED_SWEEP_POINTS.indexOf(point)),
    );
    // MongoDB is one of a kind with the embedded database here: each is a server that survives. A sample stands for all.
    const sampled = <P>(points: readonly P[]): readonly P[] =>
      everything && inject('mongodbUri') !== null ? points.filter((_, i) => i % 4 === 0) : points;
    it.each(sampled(shareOf(POINTS, 1, IN_SHORT[name].request)))(
      'abandoned $when the step $step, then at a random moment',
      (point) => tell(dieInRequest(point), AbandonedHost, storage, POINTS.indexOf(point)),
    );
    it.each(sampled(shareOf(SWEEP_POINTS, 1, IN_SHORT[name].sweep)))(
      'abandoned $when the step $step of a sweep',
      (point) => tell(dieInSweep(point), AbandonedHost, storage, SWEEP_POINTS.indexOf(point)),
    );
  });
}

function seedOf(index: number): number {
  return (Number(process.env.CRASH_SEED ?? 1) + index) >>> 0;
}
