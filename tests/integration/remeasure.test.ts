import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { LecternError } from '../../src/errors.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { lectern } from '../support/cli.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { AddVideoResourceDocument, ReplaceVideoFileDocument, VideoDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { onAnyStorage } from '../support/storages.js';

const signal = new AbortController().signal;

onAnyStorage('stored files', (storage) => {
  let app: TestApp;
  let ada: Client;
  let topicId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    // A run in the background would measure the files that the tests leave unmeasured.
    await app.app.remeasuring.stop();
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'Measured' })).id, 'Measured');
  });
  afterAll(() => app.remove());

  const recorded = async (id: string): Promise<MediaFile> => (await VideoModel.findById(id).lean())!.file!;
  const givenUp = {
    'file.width': 1,
    'file.height': 1,
    'file.durationSeconds': 1,
    'file.codecs': 1,
    'file.measured': 1,
  };

  /** Makes a video whose stored file was not measured. Returns its id. */
  async function unmeasured(): Promise<string> {
    const { id } = await createVideo(ada, topicId, 'Not measured', { file: fixtures.video });
    await VideoModel.updateOne({ _id: id }, { $unset: givenUp });
    expect(dataOf(await ada.send(VideoDocument, { id })).video!.file).toMatchObject({ width: null, codecs: null });
    return id;
  }

  it('that were not measured are measured by the server, and their bytes stay', async () => {
    const id = await unmeasured();
    const before = await recorded(id);
    expect(await app.app.remeasuring.run({ which: 'given up', signal })).toEqual({ measured: 1, failed: 0 });
    const { video } = dataOf(await ada.send(VideoDocument, { id }));
    const { width, height } = fixtures.video;
    expect(video!.file).toMatchObject({ key: before.key, sha256: before.sha256, width, height });
    expect(video!.file!.durationSeconds).toBeCloseTo(fixtures.video.durationSeconds!, 0);
    expect(video!.file!.codecs).toMatch(/^avc1\./);
    expect(await app.app.remeasuring.run({ which: 'given up', signal })).toEqual({ measured: 0, failed: 0 });
  });

  it('in a list are measured, and the list keeps its order', async () => {
    const { id } = await createVideo(ada, topicId, 'List', { file: fixtures.video });
    for (const file of [fixtures.png, fixtures.gif]) {
      dataOf(await ada.upload(AddVideoResourceDocument, { videoId: id, file: null }, { file }));
    }
    const before = (await VideoModel.findById(id).lean())!.resources!;
    await VideoModel.updateOne(
      { _id: id },
      { $unset: { 'resources.1.file.measured': 1, 'resources.1.file.width': 1 } },
    );
    expect(await app.app.remeasuring.run({ which: 'given up', signal })).toEqual({ measured: 1, failed: 0 });
    expect((await VideoModel.findById(id).lean())!.resources).toEqual(before);
  });

  it('that are replaced during the measuring stay replaced', async () => {
    const id = await unmeasured();
    const owner = slotOwners.VIDEO_FILE;
    const amend = owner.amend.bind(owner);
    const spy = vi.spyOn(owner, 'amend').mockImplementationOnce(async (...args) => {
      dataOf(await ada.upload(ReplaceVideoFileDocument, { videoId: id, file: null }, { file: fixtures.webm }));
      return amend(...args);
    });
    await app.app.remeasuring.run({ which: 'given up', signal });
    spy.mockRestore();
    expect(await recorded(id)).toMatchObject({ sha256: fixtures.webm.sha256, measured: 1 });
  });

  it('that cannot be read now are measured by the next run', async () => {
    const id = await unmeasured();
    const current = app.app.storages.current;
    const away = (): Promise<never> => Promise.reject(new LecternError('STORAGE_UNAVAILABLE'));
    const spy = vi.spyOn(current, 'open').mockImplementation(away);
    expect(await app.app.remeasuring.run({ which: 'given up', signal })).toEqual({ measured: 0, failed: 1 });
    spy.mockRestore();
    expect(await recorded(id)).not.toHaveProperty('measured');
    expect(await app.app.remeasuring.run({ which: 'given up', signal })).toEqual({ measured: 1, failed: 0 });
  });

  it('that an earlier version measured are measured by `lectern remeasure` beside the server', async () => {
    const { id } = await createVideo(ada, topicId, 'Older', { file: fixtures.video });
    await VideoModel.updateOne({ _id: id }, { $set: { 'file.measured': 0, 'file.width': 1 } });
    const { exitCode, stdout } = await lectern(app.environment, 'remeasure');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Measured 1 file.\n' });
    expect(await recorded(id)).toMatchObject({ width: fixtures.video.width, measured: 1 });
    expect((await lectern(app.environment, 'remeasure')).stdout).toBe('All files are measured already.\n');
  });
});
