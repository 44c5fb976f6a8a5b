import { afterEach, describe, expect, inject, it } from 'vitest';
import type { StorageName } from '../../src/storage/storage.js';
import { newEnvironment, s3Environment, startApp, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { clientOf, createCourse, createTopic, createVideo } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { REPLACEMENTS, type Owner } from '../support/replacements.js';
import { sampleOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep, letTimePass, releasedObjects } from '../support/wholeness.js';

let app: TestApp | undefined;
afterEach(async () => {
  await app?.remove();
  app = undefined;
});

async function createOwner(running: TestApp): Promise<Owner> {
  const ada = await clientOf(running, 'ada');
  const { id: courseId } = await createCourse(ada, { title: 'Replaced' });
  const topicId = await createTopic(ada, courseId, 'Replaced');
  return { courseId, videoId: (await createVideo(ada, topicId, 'Replaced')).id };
}

async function keysIn(running: TestApp, name: StorageName): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of running.app.storages.byName(name)!.list('')) keys.push(key);
  return keys.sort();
}

onAnyStorage('with REPLACED_MEDIA_GRACE_SECONDS', (storage) => {
  it('a replaced file stays readable until it is due, and then the sweeper deletes it', async () => {
    const environment = { ...(await storage.environment()), REPLACED_MEDIA_GRACE_SECONDS: '3600' };
    app = await startApp(environment);
    const ada = await clientOf(app, 'ada');
    const owner = await createOwner(app);
    for (const { send, answered, read, samples } of Object.values(REPLACEMENTS)) {
      const [first, second] = samples;
      const old = answered(await send(ada, owner, first));
      const next = answered(await send(ada, owner, second));
      expect(await read(ada, owner)).toEqual(next);
      expect(await downloadedSha256(next.url!)).toBe(second.sha256);

      await app.app.sweeper.sweep();
      expect(await downloadedSha256(old.url!)).toBe(first.sha256);
      expect(await releasedObjects()).toEqual([`${storage.name}/${old.file!.key}`]);
      const { nextDue } = await app.app.sweeper.waiting();
      expect(nextDue!.getTime() - Date.now()).toBeGreaterThan(3_500_000);
      expect(nextDue!.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);

      await letTimePass();
      await app.app.sweeper.sweep();
      expect((await fetch(old.url!)).status).toBe(404);
      expect(await leftAfterSweep(app.app)).toBe(0);
      expect(await downloadedSha256(next.url!)).toBe(second.sha256);
    }
    expect(await keysIn(app, storage.name)).toHaveLength(Object.keys(REPLACEMENTS).length);
  });
});

describe.skipIf(inject('s3') === null)('a file in another storage than that of new files', () => {
  const MOVES: readonly (readonly [StorageName, StorageName])[] = [
    ['local', 's3'],
    ['s3', 'local'],
  ];
  it.each(sampleOf(MOVES, 1))('is deleted there when it is replaced: from %s to %s', async (from, to) => {
    const environment = await newEnvironment(s3Environment(await createBucket()) ?? {});
    const using = (name: StorageName) => ({ USE_S3: String(name === 's3') });
    app = await startApp(using(from), environment);
    const owner = await createOwner(app);
    const replacements = Object.values(REPLACEMENTS);
    for (const { send, answered, samples } of replacements) {
      answered(await send(await clientOf(app, 'ada'), owner, samples[0]));
    }
    expect(await keysIn(app, from)).toHaveLength(replacements.length);

    await app.stop();
    app = await startApp(using(to), environment);
    const ada = await clientOf(app, 'ada');
    for (const { send, answered, read, samples } of replacements) {
      const old = await read(ada, owner);
      expect(await downloadedSha256(old.url!)).toBe(samples[0].sha256);
      const { file, url } = answered(await send(ada, owner, samples[1]));
      expect(file?.storage).toBe(to === 's3' ? 'S3' : 'LOCAL');
      expect(await downloadedSha256(url!)).toBe(samples[1].sha256);
      expect(await keysIn(app, from)).not.toContain(old.file?.key);
    }
    expect(await keysIn(app, from)).toEqual([]);
    expect(await keysIn(app, to)).toHaveLength(replacements.length);
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});
