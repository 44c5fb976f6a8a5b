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

onAnyStorage('a direct upload that is not completed normally', (storage) => {
  let app: TestApp;
  let ada: Client;
  let ownerId: string;

  beforeEach(async () => {
    app = await startApp({
      ...(await storage.environment()),
      TIMINGS: timings({ completionRelief: 100, completionLease: 3_000 }),
    });
    ada = await clientOf(app, 'ada');
    ownerId = (await createCourse(ada, { title: 'Ends' })).id;
  });
  afterEach(() => app.remove());

  const png = () => ({ ...announced(fixtures.png), slot: 'COURSE_THUMBNAIL' as const, ownerId });
  const rowOf = (id: string) => UploadRowModel.findOne({ 'session.id': id }).lean();

  it('expires, reports that for a day, and then no longer exists', async () => {
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

  it('is begun anew under its idempotency key after its first start has died and expired', async () => {
    const input = { ...png(), idempotencyKey: 'again' };
    const { id } = await start(ada, input);
    // The state that a server leaves when it dies before it has noted the upload that the storage has begun.
    await UploadRowModel.updateOne({ 'session.id': id }, { $unset: { 'session.uploadId': 1 } });
    await letTimePass();
    await app.app.sweeper.sweep();
    const again = await start(ada, input);
    expect(again).toMatchObject({ status: 'WAITING' });
    expect(again.id).not.toBe(id);
    await sendAll(ada, again, fixtures.png.bytes);
    expect(await completed(ada, again.id)).toMatchObject({ status: 'PUBLISHED' });
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('is kept for longer after each sign of activity, for at most 7 days', async () => {
    const session = await start(ada, png());
    const soon = new Date(Date.now() + 60_000);
    const untilNextSign = async (sign: () => Promise<unknown>): Promise<Date> => {
      await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: { deadline: soon } });
      await sign();
      return (await rowOf(session.id))!.deadline!;
    };
    const progress = () => ada.send(gql.UploadProgressDocument, { id: session.id });
    expect((await untilNextSign(() => partsOf(ada, session.id, [1]))).getTime()).toBeGreaterThan(+soon);
    // A query without new parts is no sign of activity.
    expect(await untilNextSign(progress)).toEqual(soon);
    const [part] = await partsOf(ada, session.id, [1]);
    expect(await put(part!, fixtures.png.bytes)).toBe(200);
    expect((await untilNextSign(progress)).getTime()).toBeGreaterThan(+soon);
    const createdAt = new Date(Date.now() - 7 * 86_400_000 + 60_000);
    await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: { 'session.createdAt': createdAt } });
    await partsOf(ada, session.id, [1]);
    expect((await rowOf(session.id))!.deadline).toEqual(new Date(+createdAt + 7 * 86_400_000));
  });

  it('is completed by another server when its own has died', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    // The state that a server leaves when it dies just after it has taken the lease.
    const lease = { 'session.leaseUntil': new Date(Date.now() + 1_000), 'session.leaseHolder': 'dead' };
    await UploadRowModel.updateOne({ 'session.id': session.id }, { $set: lease });
    expect(dataOf(await complete(ada, session.id)).completeUpload.status).toBe('VERIFYING');
    await waitFor(async () => expect(await find(ada, session.id)).toMatchObject({ status: 'PUBLISHED' }));
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('can be completed again after the storage failed during its completion', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const current = app.app.storages.current;
    const { stat } = current;
    // The storage is a proxy of its driver: a property set on it hides the driver's.
    current.stat = failing;
    const answer = await complete(ada, session.id);
    current.stat = stat;
    expect(errorCodes(answer)).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(await find(ada, session.id)).toMatchObject({ status: 'WAITING' });
    expect(await completed(ada, session.id)).toMatchObject({ status: 'PUBLISHED' });
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('is published when its object was completed but the reply was lost', async () => {
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

  it('fails with UPLOAD_EXPIRED when the storage has discarded its parts', async () => {
    const session = await start(ada, png());
    await sendAll(ada, session, fixtures.png.bytes);
    const { key } = (await rowOf(session.id))!;
    await app.app.storages.current.sweepUnfinished({ key, olderThan: new Date(Date.now() + 60_000) });
    expect(await completed(ada, session.id)).toMatchObject({ status: 'FAILED', error: { code: 'UPLOAD_EXPIRED' } });
  });

  it('is neither an orphan nor swept as unfinished while it is waiting', async () => {
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
