import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UploadOptions } from '../../../src/upload-client/api.js';
import { createUploader } from '../../../src/upload-client/index.js';
import { newEnvironment, removeData, tokenFor } from '../../support/app.js';
import { clientWith, createCourse, createTopic, createVideo } from '../../support/client.js';
import { downloadedSha256 } from '../../support/download.js';
import { patience, waitUntil } from '../../support/patience.js';
import { startServer, type ServerProcess } from '../../support/server.js';
import { onEveryStorage, onStorage, type StorageUnderTest } from '../../support/storages.js';
import { behindProxy, BESIDE_PARTS, type Proxied } from './behind-proxy.js';
import { chance, largeVideo } from './large-video.js';

const PART = 8 * 1024 * 1024;
/** The maximum of lanes when the parts go to the API server itself. */
const MOST_LANES = 5;

/** A server in a process of its own behind a proxy. */
class World {
  proxied!: Proxied;
  server!: ServerProcess;
  #environment!: Awaited<ReturnType<typeof newEnvironment>>;

  async start(storage: StorageUnderTest): Promise<void> {
    this.proxied = await behindProxy(storage);
    this.#environment = await newEnvironment(this.proxied.environment);
    this.server = await startServer(this.#environment);
  }

  /** Kills the server and starts it again on the same data. */
  async kill(): Promise<void> {
    await this.server.stop('SIGKILL');
    this.server = await startServer(this.#environment);
  }

  async forFilm(token: string): Promise<UploadOptions> {
    const client = clientWith(this.server.url, token);
    const course = await createCourse(client, { title: 'To fill' });
    const topicId = await createTopic(client, course.id, 'Films');
    return { slot: 'VIDEO_FILE', ownerId: (await createVideo(client, topicId, randomUUID())).id };
  }

  async stop(): Promise<void> {
    await this.server.stop('SIGKILL');
    await this.proxied.proxy.close();
    await removeData(this.#environment);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

onEveryStorage('the upload client with 30 % of its connections broken', (storage) => {
  it(
    'sends the whole file, and at most one extra part for each broken connection',
    { timeout: patience(300_000) },
    async () => {
      await world.start(storage);
      const { file, sha256 } = largeVideo(160);
      const token = await tokenFor('ada', 'instructor', 3_600);
      const options = await world.forFilm(token);
      const { proxy, endpoint } = world.proxied;
      const before = proxy.received();
      proxy.turn({ kind: 'breaking', share: 0.3, bytes: PART, random: chance(14) });
      const { media } = await createUploader({ endpoint, token }).upload(file, options).done;
      proxy.turn({ kind: 'open' });
      expect(proxy.broken()).toBeGreaterThan(3);
      expect(proxy.received() - before).toBeLessThan(file.size + proxy.broken() * PART + BESIDE_PARTS);
      expect(await downloadedSha256(media!.url)).toBe(sha256);
    },
  );
});

const KILLS = 20;

describe('the upload client when the server is killed and restarted', () => {
  onStorage('local', `${KILLS} times in the middle`, (storage) => {
    it(
      'sends the whole file, and at most one extra part for each kill and lane',
      { timeout: patience(600_000) },
      async () => {
        await world.start(storage);
        const { file, sha256 } = largeVideo(240);
        const token = await tokenFor('ada', 'instructor', 3_600);
        const options = await world.forFilm(token);
        const { proxy, endpoint } = world.proxied;
        const before = proxy.received();
        let loaded = 0;
        const onProgress = (progress: { loaded: number }): void => void (loaded = progress.loaded);
        const upload = createUploader({ endpoint, token }).upload(file, { ...options, onProgress });
        for (let kill = 1; kill <= KILLS; kill++) {
          const share = (file.size * kill) / (KILLS + 1);
          await waitUntil(() => loaded > share, { within: 120_000, interval: 5 });
          await world.kill();
        }
        const { media } = await upload.done;
        expect(proxy.received() - before).toBeLessThan(file.size + KILLS * MOST_LANES * PART + BESIDE_PARTS);
        expect(await downloadedSha256(media!.url)).toBe(sha256);
      },
    );
  });
});
