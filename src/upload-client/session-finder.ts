import { UploadError, type UploadOptions } from './api.js';
import { prune, type UploadRecord, type UploadRecords } from './records.js';
import { persist, type Patience } from './retry.js';
import { assertSameFile, isRecordOf, type KnownFile } from './same-file.js';
import { toHex } from './samples.js';
import { noSuchSession, type Session, type Sessions } from './sessions.js';
import type { OpenFile } from './source.js';
import { TransientFailure } from './transient-failure.js';

/** A session, and what this browser keeps of it. */
export interface Found {
  readonly session: Session;
  readonly record: UploadRecord;
}

export interface FinderOptions {
  readonly endpoint: string;
  readonly sessions: Sessions;
  readonly records: UploadRecords;
  readonly options: UploadOptions;
  readonly patience: Patience;
  /** Called with the record of a session before the server is asked to start it. */
  readonly onStarting: (record: UploadRecord) => void;
}

/** Finds the session that an upload continues, or starts one. */
export class SessionFinder {
  readonly #file: KnownFile;

  constructor(
    private readonly finder: FinderOptions,
    private readonly open: OpenFile,
    samples: readonly string[] | null,
  ) {
    this.#file = { file: open.file, samples };
  }

  /** The session with this id. Rejects with WRONG_FILE when it was begun with another file. */
  async byId(id: string): Promise<Found> {
    const { records, options } = this.finder;
    const session = await this.#existing(id);
    assertSameFile(session, options, this.#file);
    const kept = (await records.all()).find(({ sessionId }) => sessionId === id);
    return this.#keep(kept ?? this.#newRecord(session.ownerId), session);
  }

  /** The session that an earlier run of this upload began, also when its answer was lost. */
  async again(record: UploadRecord): Promise<Found> {
    const { sessionId, input } = record;
    if (sessionId === undefined) {
      return this.#keep(record, await this.#persist((signal) => this.finder.sessions.start(input, signal)));
    }
    const session = await this.#existing(sessionId);
    // A handle may give other bytes than before.
    if (this.#file.samples !== null) assertSameFile(session, this.finder.options, this.#file);
    return this.#keep(record, session);
  }

  /**
   * The session of the same file for the same place that this browser remembers, when it can still be continued.
   *
   * @param includePublished Whether one whose file this browser saw published counts too.
   */
  async remembered(includePublished: boolean): Promise<Found | undefined> {
    const { records, endpoint, options } = this.finder;
    for (const record of await prune(records, Date.now())) {
      if (!isRecordOf(record, endpoint, options, this.#file)) continue;
      const counts = includePublished || record.publishedAt === undefined;
      const session = counts ? await this.#sessionOf(record) : null;
      if (session && CONTINUED.includes(session.status)) return this.#keep(record, session);
      await records.remove(record.key);
    }
    return undefined;
  }

  /** A new session. */
  async start(): Promise<Found> {
    const { sessions, records, onStarting } = this.finder;
    const record = this.#newRecord();
    // Before the server knows of it: a page that is closed meanwhile finds the session by its key.
    await this.#put(record);
    onStarting(record);
    try {
      const session = await this.#persist((signal) => sessions.start(record.input, signal));
      return await this.#keep(record, session);
    } catch (error) {
      if (isFinal(error)) await records.remove(record.key);
      throw error;
    }
  }

  /** Null when the server has no such session for this viewer. */
  async #sessionOf({ sessionId, input }: UploadRecord): Promise<Session | null> {
    if (sessionId !== undefined) return this.#read(sessionId);
    try {
      return await this.#persist((signal) => this.finder.sessions.start(input, signal));
    } catch (error) {
      if (isFinal(error)) return null;
      throw error;
    }
  }

  async #existing(id: string): Promise<Session> {
    const session = await this.#read(id);
    if (session === null) throw noSuchSession();
    return session;
  }

  async #read(id: string): Promise<Session | null> {
    return this.#persist((signal) => this.finder.sessions.read(id, signal));
  }

  #newRecord(ownerId = this.finder.options.ownerId ?? null): UploadRecord {
    const { endpoint, options } = this.finder;
    const { slot, caption, resource, image, filename = this.open.name, contentType = this.open.file.type } = options;
    if (filename === undefined) throw new UploadError('BAD_USER_INPUT', 'Give the file a name: it has none by itself.');
    const key = toHex(crypto.getRandomValues(new Uint8Array(16)));
    const input = {
      slot,
      ownerId,
      filename,
      contentType,
      size: this.#file.file.size,
      samples: this.#file.samples,
      idempotencyKey: key,
      ...(caption && { caption }),
      ...(resource && { resource }),
      ...(image && { image }),
    };
    return { key, endpoint, input, startedAt: Date.now() };
  }

  async #keep(record: UploadRecord, session: Session): Promise<Found> {
    const kept = { ...record, sessionId: session.id };
    await this.#put(kept);
    return { session, record: kept };
  }

  async #put(record: UploadRecord): Promise<void> {
    const { handle } = this.open;
    // Without samples the file could not be known again.
    if (record.input.samples !== null) await this.finder.records.put({ ...record, ...(handle && { handle }) });
  }

  #persist<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { patience } = this.finder;
    return persist(() => call(patience.signal), patience);
  }
}

const CONTINUED: readonly Session['status'][] = ['WAITING', 'VERIFYING', 'PUBLISHED'];

/** Whether the server has refused a call, so that nothing came of it. */
function isFinal(error: unknown): boolean {
  return error instanceof UploadError && !(error instanceof TransientFailure);
}
