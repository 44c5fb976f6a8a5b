import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { StorageName } from '../../src/storage/storage.js';
import type { TestApp } from '../support/app.js';
import { startCommand } from '../support/cli.js';
import { clientOf, createCourse, createTopic, createVideo } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import { VideoDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import {
  expectMigrated,
  journalRows,
  keysIn,
  liveFiles,
  migrate,
  migrateHere,
  objectsIn,
  startMigrating,
} from '../support/migration.js';
import { waitUntil } from '../support/patience.js';

const WAYS: readonly [StorageName, StorageName][] = [
  ['local', 's3'],
  ['s3', 'local'],
];
/** The first file needs several parts, so that a test can interrupt it while it is copied. */
const SAMPLES = [bigMp4(10 * 1024 ** 2), fixtures.video, fixtures.quicktime, fixtures.webm];

let app: TestApp;
afterEach(() => app.remove());

describe.skipIf(inject('s3') === null).each(WAYS)('an interrupted migration from %s to %s', (from, to) => {
  let videoIds: string[];

  async function begin(): Promise<void> {
    videoIds = [];
    app = await startMigrating(from, async (ada) => {
      const topicId = await createTopic(ada, (await createCourse(ada, { title: 'Killed' })).id, 'Killed');
      for (const file of SAMPLES) videoIds.push((await createVideo(ada, topicId, file.filename, { file })).id);
    });
  }

  const start = (more: Environment = {}) =>
    startCommand({ ...app.environment, ...more }, 'migrate-storage', '--to', to, '--concurrency', '1');
  const copying = () => UploadRowModel.findOne({ state: 'pending', storage: to }).lean();
  const reading = async (): Promise<boolean> => {
    const row = await copying();
    return row !== null && (await app.app.storages.byName(to)!.stat(row.key)) !== null;
  };
  const moved = async (): Promise<number> => (await liveFiles()).filter(({ storage }) => storage === to).length;

  async function expectWatchable(): Promise<void> {
    const ada = await clientOf(app, 'ada');
    for (const [i, id] of videoIds.entries()) {
      const { video } = dataOf(await ada.send(VideoDocument, { id }));
      expect(await downloadedSha256(video!.videoUrl!)).toBe(SAMPLES[i]!.sha256);
    }
  }

  /** Waits for a moment of the command, and kills it. */
  const killAt = (moment: () => Promise<unknown>) => async () => {
    const run = start();
    await waitUntil(moment, { interval: 1 });
    run.process.kill('SIGKILL');
    return run.ended;
  };
  /** Lets the command kill itself when so many files are moved: a small file is moved too fast to be waited for. */
  const killAfter = (files: number) => () => start({ FAIL_POINT: `kill:after:finish:${files}` }).ended;

  it.each([
    ['while it writes a copy', killAt(copying)],
    ['while it reads a copy back', killAt(reading)],
    ['between two files', killAfter(1)],
    ['when most files were moved', killAfter(3)],
  ])('killed with SIGKILL %s is continued by the next run', async (_when, killed) => {
    await begin();
    expect(await killed()).toMatchObject({ exitCode: null, stdout: '' });

    const before = await objectsIn(app, to);
    const [done, rows] = [await moved(), await journalRows()];
    await app.app.sweeper.sweep();
    await expectWatchable();
    // The interrupted copy may still be running, so its row is kept until the deadline.
    expect(await journalRows()).toEqual(rows);

    const { exitCode, stdout, stderr } = await migrate(app, to, '--concurrency', '1');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Moved ${String(SAMPLES.length - done)} file`);
    await UploadRowModel.updateMany({}, { $set: { deadline: new Date(0) } });
    await expectMigrated(app, to);
    await expectWatchable();
    expect(await keysIn(app, from)).toHaveLength(SAMPLES.length);
    // Files that were moved before are not written again.
    const after = await objectsIn(app, to);
    const kept = [...before].filter(([key]) => after.has(key));
    expect(kept.length).toBeGreaterThanOrEqual(done);
    for (const [key, stat] of kept) expect([key, after.get(key)]).toEqual([key, stat]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'stopped with %s leaves no partly moved file, says so, and is continued by the next run',
    async (signal, code) => {
      await begin();
      const run = start();
      await waitUntil(copying, { interval: 1 });
      run.process.kill(signal);
      const { exitCode, stdout, stderr } = await run.ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: '' });
      expect(stdout).toMatch(/\nStopped\. Run it again to continue\.\n$/);

      const live = await liveFiles();
      const keys = live.filter(({ storage }) => storage === to).map(({ key }) => key);
      expect(keys.length).toBeLessThan(SAMPLES.length);
      expect(await keysIn(app, to)).toEqual(keys.sort());
      // The interrupted copy was discarded, and the next sweep removes its row.
      await app.app.sweeper.sweep();
      expect(await journalRows()).toEqual([]);
      await expectWatchable();

      expect(await migrateHere(app, to)).toMatchObject({ left: 0 });
      await expectMigrated(app, to);
    },
  );
});
