import { afterAll, beforeAll, describe, it } from 'vitest';
import { FAIL_MOMENTS } from '../../src/fail-point.js';
import { fixtures } from '../support/fixtures.js';
import { sampleOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { AbandonedHost } from './abandoned-host.js';
import { DirectUploadSite, type Story } from './direct-upload-site.js';
import type { KillableHost } from './killable.js';
import { KilledHost } from './killed-host.js';
import type { DeathPoint } from './life.js';

/** Another server soon takes a completion over. */
const TIMINGS = { completionLease: 300, completionRelief: 50, sweepLease: 300 };

/** Another server sweeps soon. */
const SETTINGS = { SWEEP_INTERVAL_SECONDS: '1' };

const srt = { bytes: Buffer.from('1\n00:00:01,000 --> 00:00:02,000\nHi\n'), filename: 'en.srt', contentType: '' };

const THUMBNAIL: Story = {
  file: fixtures.png,
  to: ({ courseId: ownerId }) => ({ slot: 'COURSE_THUMBNAIL', ownerId }),
  ends: 'PUBLISHED',
};
const IMAGE: Story = { file: fixtures.png, to: () => ({ slot: 'IMAGE' }), ends: 'PUBLISHED' };
const CAPTIONS: Story = {
  file: srt,
  to: ({ videoId: ownerId }) => ({ slot: 'VIDEO_CAPTION', ownerId, caption: { language: 'en' } }),
  ends: 'PUBLISHED',
  served: Buffer.from('WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n\n'),
};
const REFUSED: Story = {
  file: fixtures.png,
  to: ({ courseId: ownerId }) => ({ slot: 'COURSE_THUMBNAIL', ownerId, sha256: '0'.repeat(64) }),
  ends: 'FAILED',
};

/** What a server is doing when it dies. */
interface Work {
  readonly what: string;
  /** Its steps that write something, in order. A step that only reads leaves the same state as the step before it. */
  readonly steps: readonly string[];
  readonly dieAt: (site: DirectUploadSite, deathPoint: DeathPoint) => Promise<void>;
  /** A step that also occurs once before it. */
  readonly repeated?: string;
}

const WORKS: readonly Work[] = [
  {
    what: 'a completion for a record',
    steps: ['take', 'complete', 'touch', 'swap', 'finish'],
    dieAt: (site, at) => site.dieInCompletion(THUMBNAIL, at),
  },
  {
    what: 'a completion that makes a record',
    steps: ['touch', 'insert', 'finish'],
    dieAt: (site, at) => site.dieInCompletion(IMAGE, at),
  },
  {
    what: 'a completion that converts captions',
    steps: ['journal', 'store', 'touch', 'swap', 'finish', 'kill', 'fence', 'doom', 'delete'],
    dieAt: (site, at) => site.dieInCompletion(CAPTIONS, at),
    // The session's row is written before the row of its converted captions.
    repeated: 'journal',
  },
  {
    what: 'a completion that refuses the file',
    steps: ['kill', 'fence', 'doom', 'delete'],
    dieAt: (site, at) => site.dieInCompletion(REFUSED, at),
  },
  { what: 'a start', steps: ['journal', 'begin', 'begun'], dieAt: (site, at) => site.dieInStart(THUMBNAIL, at) },
  {
    what: 'an abort',
    steps: ['kill', 'fence', 'doom', 'delete'],
    dieAt: (site, at) => site.dieInAbort(THUMBNAIL, at),
  },
  {
    what: 'a sweep of an expired session',
    steps: ['expire', 'fence', 'doom', 'delete', 'forget'],
    dieAt: (site, at) => site.dieInSweep(THUMBNAIL, at),
  },
];

/** What is tried on S3: the others do the same with the store, and differ in what they write to the database. */
const ON_S3 = ['a completion for a record', 'a start', 'an abort', 'a sweep of an expired session'];

/** Before the first step of each, and after every one. */
const POINTS = WORKS.flatMap(({ what, steps, dieAt, repeated }) =>
  steps.flatMap((step, i) =>
    FAIL_MOMENTS.filter((when) => when === 'after' || i === 0).map((when) => ({
      what,
      dieAt,
      deathPoint: { when, step, pass: step === repeated ? 2 : 1 },
    })),
  ),
);
/** How many of these points `npm test` tries. */
const SAMPLE = 2;

/** A site for the tests of the current block. */
function siteOn(host: () => Promise<KillableHost>): () => DirectUploadSite {
  let site: DirectUploadSite;
  beforeAll(async () => {
    site = await DirectUploadSite.create(await host());
  });
  afterAll(() => site.remove());
  return () => site;
}

onAnyStorage('a server that dies during a direct upload loses nothing and leaves nothing behind', (storage) => {
  describe('in this process', () => {
    const site = siteOn(() => AbandonedHost.create(storage, TIMINGS, SETTINGS));

    const points = POINTS.filter(({ what }) => storage.name === 'local' || ON_S3.includes(what));

    it.each(sampleOf(points, SAMPLE))(
      'abandoned $deathPoint.when the step $deathPoint.step of $what',
      ({ dieAt, deathPoint }) => dieAt(site(), deathPoint),
    );

    it('abandoned in a start whose request to the storage arrives after the upload was published', () =>
      site().dieInStartAndBeginLate(THUMBNAIL));
  });

  describe('in a separate process', () => {
    const site = siteOn(() => KilledHost.create(storage, TIMINGS, SETTINGS));

    it('killed after the step complete', () =>
      site().dieInCompletion(THUMBNAIL, { when: 'after', step: 'complete', pass: 1 }));
  });
});
