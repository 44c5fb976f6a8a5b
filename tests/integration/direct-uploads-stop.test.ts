import { request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { newEnvironment, removeData, startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import { announced, complete, completed, find, partsOf, put, sendAll, slice, start } from '../support/direct-upload.js';
import { fixtures, bigPng } from '../support/fixtures.js';
import { patience, waitFor, waitUntil } from '../support/patience.js';
import { onAnyStorage } from '../support/storages.js';
import { timings } from '../support/timings.js';
import { faultsOf } from '../support/wholeness.js';

let app: TestApp;
afterEach(async () => {
  await app.stop();
  await removeData(app.environment);
});

onAnyStorage('a server that stops while it completes a direct upload', (storage) => {
  it('releases its lease even when the storage does not answer, and another server completes the upload at once', async () => {
    const environment = await newEnvironment({
      ...(await storage.environment()),
      SHUTDOWN_GRACE_SECONDS: '0',
      // A lease that is not released lasts longer than any test.
      TIMINGS: timings({ completionAnswer: 0, completionLease: patience(3_600_000), completionRelief: 50 }),
    });
    app = await startApp({}, environment);
    const ada = await clientOf(app, 'ada');
    const { id: ownerId } = await createCourse(ada, { title: 'Stopping' });
    const session = await start(ada, { ...announced(fixtures.png), slot: 'COURSE_THUMBNAIL', ownerId });
    await sendAll(ada, session, fixtures.png.bytes);
    let isAsked = false;
    // The storage is a proxy of its driver: a property set on it hides the driver's.
    app.app.storages.current.stat = () => {
      isAsked = true;
      return new Promise(() => undefined);
    };
    await complete(ada, session.id);
    await waitUntil(() => isAsked);
    expect(await find(ada, session.id)).toMatchObject({ status: 'VERIFYING' });
    await app.stop();

    app = await startApp({}, environment);
    const after = await clientOf(app, 'ada');
    await waitFor(async () => expect(await find(after, session.id)).toMatchObject({ status: 'PUBLISHED' }));
    expect(await faultsOf(app.app, app)).toEqual([]);
  });
});

describe('PUT /files/uploads on a server that stops', () => {
  it('is refused with SERVICE_UNAVAILABLE and Retry-After; a running part finishes, and the upload can continue', async () => {
    const environment = await newEnvironment();
    app = await startApp({}, environment);
    const ada = await clientOf(app, 'ada');
    const { id: ownerId } = await createCourse(ada, { title: 'Stopping' });
    const file = bigPng(9 * 1024 ** 2);
    const bytes = Buffer.concat([...file.chunks()]);
    const session = await start(ada, { ...announced({ ...file, bytes }), slot: 'COURSE_THUMBNAIL', ownerId });
    const [first, second] = await partsOf(ada, session.id, [1, 2]);

    const half = session.partSize / 2;
    const headers = { 'content-length': session.partSize, expect: '100-continue' };
    const running = httpRequest(first!.url, { method: 'PUT', headers });
    const answered = once(running, 'response') as Promise<[IncomingMessage]>;
    running.flushHeaders();
    await once(running, 'continue');
    running.write(bytes.subarray(0, half));
    const stopped = app.stop();
    await waitFor(async () => expect((await fetch(`${app.origin}/readyz`)).status).toBe(503));

    const refused = await fetch(second!.url, { method: 'PUT', body: new Uint8Array(slice(bytes, session, 2)) });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    running.end(bytes.subarray(half, session.partSize));
    const [answer] = await answered;
    expect(answer.resume().statusCode).toBe(200);
    await stopped;

    app = await startApp({}, environment);
    const after = await clientOf(app, 'ada');
    expect(await find(after, session.id)).toMatchObject({ status: 'WAITING', bytesUploaded: session.partSize });
    const [again] = await partsOf(after, session.id, [2]);
    expect(await put(again!, slice(bytes, session, 2))).toBe(200);
    expect(await completed(after, session.id)).toMatchObject({ status: 'PUBLISHED' });
  });
});
