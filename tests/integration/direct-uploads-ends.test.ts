import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { announced, complete, completed, find, partsOf, put, sendAll, start } from '../support/direct-upload.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { waitFor } from '../support/patience.js';
import { onAnyStorage } from '../support/storages.js';
import { timings } from '../support/timings.js';
import { objectTraces } from '../support/traces.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';

const failing = async (): Promise<never> => Promise.reject(new Error('a fault, as the test wants it'));

onAnyStorage('direct uploads that end by themselves', (storage) => {
  let app: TestApp;
  let ada: Client;
  let ownerId: string;

  beforeEach(async () => {
    app = await startApp({
      ...(await storage.environment()),
      TIMINGS: timings({ completionRelief: 100, completionLease: 3_000 }),
    });
    ada = await clientOf(app, 'ada');
    await app.app.sweeper.sweep();
    ownerId = (await createCourse(ada, { title: 'Ends' })).id;
  });
  afterEach(() => app.remove());

  const png = () => ({ ...announced(fixtures.png), slot: 'COURSE_THUMBNAIL' as const, ownerId });
  const rowOf = (id: string) => UploadRowModel.findOne({ 'session.id': id }).lean();

  it('expire, answer that for a day, and are gone then', async () => {
    const before = await objectTraces(app);
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await find(ada, session.id)).toMatchObject({
      status: 'EXPIRED',
      error: { code: 'UPLOAD_EXPIRED', retryable: true },
      bytesUploaded: 0,
      expiresAt: null,
    });
    expect(errorCodes(await complete(ada, session.id))).toEqual(['UPLOAD_EXPIRED']);
    expect(errorCodes(await ada.send(gql.UploadPartsDocument, { id: session.id, numbers: [1] }))).toEqual([
      'UPLOAD_EXPIRED',
    ]);
    expect(dataOf(await ada.send(gql.AbortUploadDocument, { id: session.id })).abortUpload.status).toBe('EXPIRED');
    expect(await objectTraces(app)).toEqual(before);
    expect(await faultsOf(app.app, app)).toEqual([]);
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await find(ada, session.id)).toBeNull();
    expect(await UploadRowModel.countDocuments()).toBe(0);
  });

  it('live on by every sign of life, for 7 days at most', async () => {
    const session = await start(ada, png());
    const soon = new Date(Date.now() + 60_000);
    const untilNextSign = async (sign: () => Promise<unknown>): Promise<Date> => {
      await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: { deadline: soon } });
      await sign();
      return (await rowOf(session.id))!.deadline!;
    };
    const progress = () => ada.send(gql.UploadProgressDocument, { id: session.id });
    expect((await untilNextSign(() => partsOf(ada, session.id, [1]))).getTime()).toBeGreaterThan(+soon);
    // A listing that has not grown is none.
    expect(await untilNextSign(progress)).toEqual(soon);
    const [part] = await partsOf(ada, session.id, [1]);
    expect(await put(part!, fixtures.png.bytes)).toBe(200);
    expect((await untilNextSign(progress)).getTime()).toBeGreaterThan(+soon);
    const createdAt = new Date(Date.now() - 7 * 86_400_000 + 60_000);
    await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: { 'session.createdAt': createdAt } });
    await partsOf(ada, session.id, [1]);
    expect((await rowOf(session.id))!.deadline).toEqual(new Date(+createdAt + 7 * 86_400_000));
  });

  it('are completed by another server when theirs has died', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    // What a server leaves that dies right after it has taken the lease.
    const lease = { 'session.leaseUntil': new Date(Date.now() + 1_000), 'session.leaseHolder': 'dead' };
    await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: lease });
    expect(dataOf(await complete(ada, session.id)).completeUpload.status).toBe('VERIFYING');
    await waitFor(async () => expect(await find(ada, session.id)).toMatchObject({ status: 'PUBLISHED' }));
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('wait again when the storage fails during the completion, and then go on', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const current = app.app.storages.current;
    const { stat } = current;
    // The storage is a proxy of its driver: what is set on it hides the driver's own.
    current.stat = failing;
    const answer = await complete(ada, session.id);
    current.stat = stat;
    expect(errorCodes(answer)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(await find(ada, session.id)).toMatchObject({ status: 'WAITING' });
    expect(await completed(ada, session.id)).toMatchObject({ status: 'PUBLISHED' });
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('are found out when the object was made and nobody heard of it', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const row = (await rowOf(session.id))!;
    const direct = app.app.storages.current.direct!;
    const { size, partSize, uploadId } = row.session!;
    const upload = { key: row.key, uploadId: uploadId!, sessionId: session.id, size, partSize };
    const parts = [];
    for await (const part of direct.listParts(upload)) parts.push(part);
    await direct.complete(upload, parts, new AbortController().signal);
    expect(await completed(ada, session.id)).toMatchObject({ status: 'PUBLISHED', media: { size } });
  });

  it('end when the storage has given up their parts', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const { key } = (await rowOf(session.id))!;
    await app.app.storages.current.sweepUnfinished({ key, olderThan: new Date(Date.now() + 60_000) });
    expect(await completed(ada, session.id)).toMatchObject({ status: 'FAILED', error: { code: 'UPLOAD_EXPIRED' } });
  });

  it('that are alive are no orphans, and are not swept as unfinished uploads', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const findings = [];
    for await (const finding of app.app.reconciliation.findings()) findings.push(finding);
    expect(findings).toEqual([]);
    await app.app.sweeper.sweep();
    const done = await completed(ada, session.id);
    expect(done.media?.sha256).toBe(createHash('sha256').update(fixtures.png.bytes).digest('hex'));
  });
});
