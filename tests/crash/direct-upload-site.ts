import { expect } from 'vitest';
import type { UploadStatus } from '../../src/media/direct/session-row.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import { tokenFor } from '../support/app.js';
import { clientWith, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { announced, complete, completed, find, sendAll, start, type Session } from '../support/direct-upload.js';
import { download } from '../support/download.js';
import type { Fixture } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { waitFor, waitUntil } from '../support/patience.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';
import type { KillableHost, KillableServer } from './killable.js';
import type { DeathPoint } from './life.js';

/** The records that the files belong to. */
interface Records {
  readonly courseId: string;
  readonly videoId: string;
}

/** A direct upload that the client completes, and how the session ends. */
export interface Story {
  readonly file: Pick<Fixture, 'bytes' | 'filename' | 'contentType'>;
  readonly to: (records: Records) => Pick<gql.StartUploadInput, 'slot' | 'ownerId' | 'caption' | 'sha256'>;
  readonly ends: UploadStatus;
  /** What the URL of the file serves. Absent: what the client has sent. */
  readonly served?: Buffer;
}

/** Servers on the same data, one after the other, that die in the middle of a direct upload. */
export class DirectUploadSite {
  private starts = 0;

  private constructor(
    private readonly host: KillableHost,
    private readonly token: string,
    private readonly records: Records,
  ) {}

  static async create(host: KillableHost): Promise<DirectUploadSite> {
    const token = await tokenFor('ada', 'instructor');
    const server = await startOn(host);
    const ada = clientWith(server.url, token);
    const { id: courseId } = await createCourse(ada, { title: 'Killed' });
    const { id: videoId } = await createVideo(ada, await createTopic(ada, courseId, 'Killed'), 'Killed');
    await server.stop();
    return new DirectUploadSite(host, token, { courseId, videoId });
  }

  /** The next server publishes the whole file or refuses it; a sweep finds nothing left. */
  async dieInCompletion(story: Story, deathPoint: DeathPoint): Promise<void> {
    const { file, ends, served = file.bytes } = story;
    const dying = await startOn(this.host, deathPoint);
    const session = await this.send(dying, story);
    await this.untilDead(dying, complete(this.clientOf(dying), session.id));
    await this.onNextServer(async (ada) => {
      await waitFor(async () => expect((await find(ada, session.id))?.status).not.toBe('VERIFYING'));
      // A server that died before it got the lease changed nothing: asking again gives the same outcome.
      const { status, media } = await completed(ada, session.id);
      expect(status).toBe(ends);
      expect(media === null ? null : await download(media.url)).toEqual(ends === 'PUBLISHED' ? served : null);
    });
    await this.expectWhole();
  }

  /** The client repeats its start with the same key, and can finish; a sweep finds nothing left. */
  async dieInStart(story: Story, deathPoint: DeathPoint): Promise<void> {
    const idempotencyKey = `start ${String(++this.starts)}`;
    const dying = await startOn(this.host, deathPoint);
    await this.untilDead(dying, this.start(dying, story, idempotencyKey));
    await this.finishOnNextServer(story, idempotencyKey);
    await this.expectWhole();
  }

  /**
   * The same, but the last request of the dead server, which begins the upload, arrives at the storage when the client has
   * finished: the file stays, and a sweep finds nothing else.
   */
  async dieInStartAndBeginLate(story: Story): Promise<void> {
    const idempotencyKey = `start ${String(++this.starts)}`;
    const dying = await startOn(this.host, { when: 'before', step: 'begin', pass: 1 });
    await this.untilDead(dying, this.start(dying, story, idempotencyKey));
    const rowOfDead = UploadRowModel.findOne({ 'session.idempotencyKey': idempotencyKey });
    const { key, session } = (await this.host.asOperator(() => rowOfDead.lean()))!;
    await this.finishOnNextServer(story, idempotencyKey);
    const { id: sessionId, size, storedType: contentType } = session!;
    await this.host.asOperator(({ storages }) => storages.current.direct!.begin(key, { contentType, size, sessionId }));
    await this.expectWhole();
  }

  private async finishOnNextServer(story: Story, idempotencyKey: string): Promise<void> {
    await this.onNextServer(async (ada, next) => {
      const session = await this.start(next, story, idempotencyKey);
      await sendAll(ada, session, story.file.bytes);
      const { status, media } = await completed(ada, session.id);
      expect(status).toBe(story.ends);
      expect(await download(media!.url)).toEqual(story.file.bytes);
    });
  }

  /** The session is aborted or still pending; a sweep finds nothing left. */
  async dieInAbort(story: Story, deathPoint: DeathPoint): Promise<void> {
    const dying = await startOn(this.host, deathPoint);
    const { id } = await this.send(dying, story);
    const abort = (ada: Client) => ada.send(gql.AbortUploadDocument, { id });
    await this.untilDead(dying, abort(this.clientOf(dying)));
    await this.onNextServer(async (ada) => {
      await waitFor(async () => expect((await find(ada, id))?.status).not.toBe('VERIFYING'));
      expect(dataOf(await abort(ada)).abortUpload.status).toBe('ABORTED');
    });
    await this.expectWhole();
  }

  /** A server dies while it sweeps an expired session: the session has expired, and another sweep finds nothing left. */
  async dieInSweep(story: Story, deathPoint: DeathPoint): Promise<void> {
    const server = await startOn(this.host);
    const { id } = await this.send(server, story);
    await server.stop();
    await this.host.asOperator(letTimePass);
    const dying = await this.host.start(deathPoint);
    if (dying !== 'died') await waitUntil(() => this.host.hasDied()).finally(() => dying.kill());
    await this.onNextServer((ada) => waitFor(async () => expect(await this.statusOf(ada, id)).toBe('EXPIRED')));
    await this.expectWhole();
  }

  remove(): Promise<void> {
    return this.host.remove();
  }

  private async send(server: KillableServer, story: Story): Promise<Session> {
    const session = await this.start(server, story);
    await sendAll(this.clientOf(server), session, story.file.bytes);
    return session;
  }

  private start(server: KillableServer, { file, to }: Story, idempotencyKey?: string): Promise<Session> {
    const input = { ...announced(file), ...to(this.records), ...(idempotencyKey !== undefined && { idempotencyKey }) };
    return start(this.clientOf(server), input);
  }

  /** The status from the list: to count the bytes of one upload would be a sign that its client is alive. */
  private async statusOf(client: Client, id: string): Promise<UploadStatus | undefined> {
    const { uploads } = dataOf(await client.send(gql.UploadsDocument, { first: 100 }));
    return uploads.nodes.find((session) => session.id === id)?.status;
  }

  private clientOf({ url }: KillableServer): Client {
    return clientWith(url, this.token);
  }

  /** Waits until a server dies during this request, whose connection may break. */
  private async untilDead(server: KillableServer, request: Promise<unknown>): Promise<void> {
    await request.catch((error: unknown) => {
      // What fetch throws when no answer arrives.
      if (!(error instanceof TypeError)) throw error;
    });
    await waitUntil(() => this.host.hasDied()).finally(() => server.kill());
  }

  private async onNextServer(work: (ada: Client, server: KillableServer) => Promise<void>): Promise<void> {
    const next = await startOn(this.host);
    try {
      await work(this.clientOf(next), next);
    } finally {
      await next.stop();
    }
  }

  /** Sweeps once, when all deadlines have passed. Records and objects must match then. */
  private async expectWhole(): Promise<void> {
    const faults = await this.host.asOperator(async (app, site) => {
      await letTimePass();
      await app.sweeper.sweep();
      return faultsOf(app, site);
    });
    expect(faults).toEqual([]);
  }
}

async function startOn(host: KillableHost, deathPoint?: DeathPoint): Promise<KillableServer> {
  const server = await host.start(deathPoint);
  if (server === 'died') throw new Error(`The server died at its start, at ${deathPoint?.step ?? 'no step'}.`);
  return server;
}
