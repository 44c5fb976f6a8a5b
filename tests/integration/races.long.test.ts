import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { newId } from '../../src/database/ids.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, clientWith, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { download, downloadedSha256, sha256 } from '../support/download.js';
import { bigMp4, fixtures, type SampleFile } from '../support/fixtures.js';
import {
  CreateTopicDocument,
  CreateVideoDocument,
  DeleteCourseDocument,
  DeleteTopicDocument,
  DeleteVideoDocument,
  ReplaceVideoFileDocument,
  VideoDocument,
} from '../support/gql/graphql.js';
import { dataOf, errorCodes, type GraphqlResponse } from '../support/graphql-client.js';
import { startServer } from '../support/server.js';
import { onEveryStorage } from '../support/storages.js';
import { faultsOf, letTimePass, leftAfterSweep } from '../support/wholeness.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

/** The number of clients that replace the same file concurrently. */
const REPLACERS = 64;
const ROUNDS = [1, 2, 3, 4];

let made = 0;
/** Returns a video with a size of its own, so that no two are equal. */
function nextVideo(): SampleFile {
  made += 1;
  return bigMp4(fixtures.video.size + 100 + made, `take-${made}.mp4`);
}

/** The code of the only error of an answer; null when there is no error. */
function codeOf(answer: GraphqlResponse<unknown>): string | null | undefined {
  const codes = errorCodes(answer);
  return codes.length === 0 ? null : codes[0];
}

onEveryStorage('races', (storage) => {
  let app: TestApp;
  let ada: Client;
  let topicId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'Races' })).id, 'Races');
  });
  afterAll(() => app.remove());

  /** Expects a sweep past all deadlines to leave no fault. */
  async function expectWhole(): Promise<void> {
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
  }

  const replace = (client: Client, videoId: string, file: SampleFile) =>
    client.upload(ReplaceVideoFileDocument, { videoId, file: null }, { file });

  async function keysOf(videoId: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of app.app.storages.current.list(`videos/${videoId}/`)) keys.push(key);
    return keys;
  }

  it.each(ROUNDS)(
    `${REPLACERS} concurrent replacements of one file succeed and leave one object (round %d)`,
    async () => {
      const { id } = await createVideo(ada, topicId, 'Replaced', { file: fixtures.video });
      const files = Array.from({ length: REPLACERS }, nextVideo);
      const answers = await Promise.all(files.map((file) => replace(ada, id, file)));
      expect(answers.map(codeOf)).toEqual(files.map(() => null));
      const { file, videoUrl } = dataOf(await ada.send(VideoDocument, { id })).video!;
      expect(files.map((one) => one.sha256)).toContain(file!.sha256);
      expect(await downloadedSha256(videoUrl!)).toBe(file!.sha256);
      await expectWhole();
      expect(await keysOf(id)).toEqual([file!.key]);
    },
  );

  it.runIf(inject('mongodbUri') !== null)(
    'concurrent replacements on two servers succeed and leave one object',
    async () => {
      const second = await startServer({ ...app.environment, LOG_LEVEL: 'silent' });
      try {
        const { id } = await createVideo(ada, topicId, 'Replaced by two servers', { file: fixtures.video });
        const elsewhere = clientWith(second.url, ada.token);
        const files = Array.from({ length: REPLACERS }, nextVideo);
        const answers = await Promise.all(files.map((file, i) => replace(i % 2 ? ada : elsewhere, id, file)));
        expect(answers.map(codeOf)).toEqual(files.map(() => null));
        const { file, videoUrl } = dataOf(await elsewhere.send(VideoDocument, { id })).video!;
        expect(await downloadedSha256(videoUrl!)).toBe(file!.sha256);
        await expectWhole();
        expect(await keysOf(id)).toEqual([file!.key]);
      } finally {
        await second.stop();
      }
      await expectWhole();
    },
  );

  it('a deletion with concurrent replacements deletes the video with all its files', async () => {
    const outcomes = new Set<string | null | undefined>();
    for (let round = 0; round < 12; round++) {
      const { id } = await createVideo(ada, topicId, `Contested ${round}`, { file: nextVideo() });
      const replaced = replace(ada, id, nextVideo());
      const deleted =
        round % 2
          ? ada.send(DeleteVideoDocument, { id })
          : replace(ada, id, nextVideo()).then(() => ada.send(DeleteVideoDocument, { id }));
      outcomes.add(codeOf(await replaced));
      expect(codeOf(await deleted)).toBeNull();
      expect(dataOf(await ada.send(VideoDocument, { id })).video).toBeNull();
    }
    for (const outcome of outcomes) expect([null, 'NOT_FOUND']).toContain(outcome);
    await expectWhole();
  });

  it('videos and topics that are created during the deletion of their parent are deleted with it', async () => {
    for (let round = 0; round < 12; round++) {
      const courseId = (await createCourse(ada, { title: `Doomed ${round}` })).id;
      const doomedTopic = await createTopic(ada, courseId, 'Doomed');
      const files = { file: nextVideo(), thumbnail: fixtures.png };
      const making = [1, 2, 3].map((n) =>
        ada.upload(CreateVideoDocument, { topicId: doomedTopic, input: { title: `Late ${n}` } }, files),
      );
      const makingTopic = ada.send(CreateTopicDocument, { courseId, input: { title: 'Late' } });
      const deleting = [
        ada.send(DeleteTopicDocument, { id: doomedTopic }),
        ada.send(DeleteCourseDocument, { id: courseId }),
      ];
      const deleted = (await Promise.all(round % 3 === 0 ? deleting.slice(1) : deleting)).map(codeOf);
      expect(deleted.at(-1)).toBeNull();
      for (const answer of await Promise.all([...making, makingTopic])) {
        expect([null, 'NOT_FOUND']).toContain(codeOf(answer));
      }
    }
    await expectWhole();
  });

  it('concurrent sweepers settle the same work without an error', async () => {
    const left = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const ownerId = newId();
        const key = `videos/${ownerId}/left-behind.mp4`;
        const object = { storage: storage.name, key, slot: 'VIDEO_FILE', place: { ownerId } } as const;
        await app.app.journal.addPending(object, newId(), new Date(0));
        const options = { contentType: 'video/mp4', maxBytes: 1_000_000, signal: new AbortController().signal };
        await app.app.storages.current.put(key, Readable.from([fixtures.video.bytes]), options);
        return object;
      }),
    );
    const { id, file } = await createVideo(ada, topicId, 'Not yet finished', { file: nextVideo() });
    const live = { storage: storage.name, key: file!.key, slot: 'VIDEO_FILE', place: { ownerId: id } } as const;
    await app.app.journal.addPending(live, newId(), new Date(0));

    const env = { PATH: process.env['PATH'], ...app.environment } as NodeJS.ProcessEnv;
    const command = () => run(process.execPath, [CLI, 'sweep'], { env });
    await Promise.all([command(), command(), app.app.sweeper.sweep()]);
    expect(await leftAfterSweep(app.app)).toBe(0);
    for (const { key } of left) expect(await app.app.storages.current.stat(key)).toBeNull();
    expect(await downloadedSha256(dataOf(await ada.send(VideoDocument, { id })).video!.videoUrl!)).toBe(file!.sha256);
    await expectWhole();
  });
});

onEveryStorage('a reader during replacements, with REPLACED_MEDIA_GRACE_SECONDS', (storage) => {
  it('always downloads the whole file from the latest URL', async () => {
    const app = await startApp({ ...(await storage.environment()), REPLACED_MEDIA_GRACE_SECONDS: '60' });
    try {
      const ada = await clientOf(app, 'ada');
      const topicId = await createTopic(ada, (await createCourse(ada, { title: 'Read' })).id, 'Read');
      const { id } = await createVideo(ada, topicId, 'Read', { file: fixtures.video });
      let replacing = true;
      let reads = 0;
      const read = async (): Promise<void> => {
        while (replacing) {
          const { file, videoUrl } = dataOf(await ada.send(VideoDocument, { id })).video!;
          expect(sha256(await download(videoUrl!))).toBe(file!.sha256);
          reads += 1;
        }
      };
      const replace = async (): Promise<void> => {
        for (let i = 0; i < 15; i++) {
          dataOf(await ada.upload(ReplaceVideoFileDocument, { videoId: id, file: null }, { file: nextVideo() }));
        }
      };
      const sweep = async (): Promise<void> => {
        while (replacing) await app.app.sweeper.sweep();
      };
      const readers = [read(), read(), sweep()];
      await Promise.all([replace(), replace(), replace(), replace()]).finally(() => (replacing = false));
      await Promise.all(readers);
      expect(reads).toBeGreaterThan(10);
      await letTimePass();
      await app.app.sweeper.sweep();
      expect(await faultsOf(app.app, app)).toEqual([]);
    } finally {
      await app.remove();
    }
  });
});
