import { afterEach, beforeEach, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { announced, complete, find, sendAll, start, type Session } from '../support/direct-upload.js';
import { download } from '../support/download.js';
import { bigPng, fixtures } from '../support/fixtures.js';
import { errorCodes } from '../support/graphql-client.js';
import { waitUntil } from '../support/patience.js';
import { volume } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { faultsOf } from '../support/wholeness.js';

/** All upload to one slot at the same time. */
const SESSIONS = volume(8, 64);
/** The number of uploads of each viewer. */
const VIEWERS = 4;

interface Upload {
  readonly client: Client;
  readonly session: Session;
  readonly bytes: Buffer;
}

onAnyStorage('direct uploads of several viewers for one slot', (storage) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp(await storage.environment());
  });
  afterEach(() => app.remove());

  it(`are all published; the last one is kept, and the bytes of the others are deleted`, async () => {
    const viewers = await Promise.all(
      Array.from({ length: VIEWERS }, (_, i) => clientOf(app, `admin${String(i)}`, 'admin')),
    );
    const { id: ownerId } = await createCourse(viewers[0]!, { title: 'Raced for' });

    const begin = async (number: number): Promise<Upload> => {
      const client = viewers[number % VIEWERS]!;
      // No two files are the same.
      const file = bigPng(fixtures.png.size + 100 + number);
      const bytes = Buffer.concat([...file.chunks()]);
      const session = await start(client, { ...announced({ ...file, bytes }), slot: 'COURSE_THUMBNAIL', ownerId });
      await sendAll(client, session, bytes);
      return { client, session, bytes };
    };
    const uploads = await Promise.all(Array.from({ length: SESSIONS }, (_, number) => begin(number)));
    const now = ({ client, session }: Upload) => find(client, session.id);

    const last = uploads.pop()!;
    await Promise.all(uploads.map(publish));
    const shown = (await Promise.all(uploads.map(now))).filter((session) => session?.media);
    expect(shown).toHaveLength(1);
    await publish(last);
    expect((await Promise.all(uploads.map(now))).map((session) => [session!.status, session!.media])).toEqual(
      uploads.map(() => ['PUBLISHED', null]),
    );
    expect(await download((await now(last))!.media!.url)).toEqual(last.bytes);

    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
  });
});

/** Completes like a client that repeats requests that may succeed later. */
async function publish({ client, session }: Upload): Promise<void> {
  await waitUntil(async () => {
    const answer = await complete(client, session.id);
    const codes = errorCodes(answer);
    // The server gave up this completion after too many concurrent changes to the course.
    if (codes.length > 0) expect(codes).toEqual(['CONFLICT']);
    return answer.body.data?.completeUpload.status === 'PUBLISHED';
  });
}
