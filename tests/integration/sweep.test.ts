import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, type App } from '../../src/app.js';
import { loadConfig, type Environment } from '../../src/config.js';
import { newId } from '../../src/database/ids.js';
import type { PlacedObject } from '../../src/media/journal/journal.js';
import { newEnvironment, startApp, type TestApp } from '../support/app.js';
import { lectern } from '../support/cli.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep } from '../support/wholeness.js';

const past = (): Date => new Date(Date.now() - 1_000);

onAnyStorage('lectern sweep beside a running server', (storage) => {
  let server: TestApp;
  let environment: Environment;
  /** The internal parts of the server. */
  let app: App;

  beforeAll(async () => {
    server = await startApp(await storage.environment());
    ({ environment, app } = server);
  });
  afterAll(() => server.remove());

  /** Leaves what a server leaves that was killed after the last byte. */
  async function leaveStored(): Promise<PlacedObject> {
    const ownerId = newId();
    const key = `videos/${ownerId}/left-behind.mp4`;
    const object = { storage: storage.name, key, slot: 'VIDEO_FILE', place: { ownerId } } as const;
    await app.journal.addPending(object, newId(), past());
    const options = { contentType: 'video/mp4', maxBytes: 1_000, signal: new AbortController().signal };
    await app.storages.current.put(key, Readable.from([Buffer.from('left behind')]), options);
    return object;
  }

  it('settles what is left, once, and prints how much that was', async () => {
    const objects = [await leaveStored(), await leaveStored()];
    expect(await lectern(environment, 'sweep')).toEqual({
      exitCode: 0,
      stdout: 'Settled 4 uploads and objects.\n',
      stderr: '',
    });
    for (const { key } of objects) expect(await app.storages.current.stat(key)).toBeNull();
    expect(await leftAfterSweep(app)).toBe(0);
    expect(await lectern(environment, 'sweep')).toEqual({
      exitCode: 0,
      stdout: 'There was nothing to do.\n',
      stderr: '',
    });
  });

  it('prints how many objects wait for their deletion', async () => {
    const object = await leaveStored();
    const due = new Date(Date.now() + 600_000);
    await app.journal.discard(object, due);
    expect((await lectern(environment, 'sweep')).stdout).toBe(
      `1 object is not deleted yet; the next is due at ${due.toISOString()}.\n`,
    );
    expect(await app.storages.current.stat(object.key)).not.toBeNull();
    await app.journal.discard(object, past());
    expect((await lectern(environment, 'sweep')).stdout).toBe('Settled 1 upload or object.\n');
  });
});

describe('lectern sweep', () => {
  it('skips an object in a storage that is not configured, and keeps its row', async () => {
    const environment = await newEnvironment();
    const app = await createApp(loadConfig(environment));
    const object = { storage: 's3', key: `videos/${newId()}/x.mp4`, slot: 'VIDEO_FILE' } as const;
    await app.journal.discard({ ...object, place: { ownerId: newId() } }, past());
    await app.stop();
    const { exitCode, stdout, stderr } = await lectern(environment, 'sweep');
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^Skipped 1: the slot or storage .*\n1 object is not deleted yet; /),
      stderr: '',
    });
    await rm(environment.DATA_DIR, { recursive: true, force: true });
  });
});
