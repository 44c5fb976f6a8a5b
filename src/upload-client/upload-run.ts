import { UploadError, type UploadOptions, type UploadResult, type UploadSource, type UploadState } from './api.js';
import { Delivery, SessionEnded } from './delivery.js';
import type { Gate } from './gate.js';
import type { GraphqlClient } from './graphql.js';
import type { Lanes } from './lanes.js';
import { withLock } from './lock.js';
import { Progress } from './progress.js';
import type { UploadRecord, UploadRecords } from './records.js';
import { persist, type Patience } from './retry.js';
import { placeOf } from './same-file.js';
import { samplesOf } from './samples.js';
import { SessionFinder, type Found } from './session-finder.js';
import type { Sessions } from './sessions.js';
import { isSmall, sendSmall } from './small-file.js';
import { fileNeeded, openSource, reading, type OpenFile } from './source.js';
import type { Timings } from './timings.js';
import type { Send } from './transport.js';

/** What all uploads of an uploader share. */
export interface Shared {
  readonly graphql: GraphqlClient;
  readonly sessions: Sessions;
  readonly records: UploadRecords;
  /** How many uploads run at once. */
  readonly turns: Gate;
  readonly lanes: Lanes;
  readonly send: Send;
  readonly timings: Timings;
}

/** What an upload keeps from one run to the next: `pause` ends a run, and `resume` begins another. */
export interface UploadMemory {
  /** The record of the session, from the moment before it is started. */
  record?: UploadRecord;
  progress?: Progress;
  /** Whether the server has been asked to complete, so that it may publish the file at any time. */
  completing: boolean;
}

export interface RunOptions {
  readonly source: UploadSource | null;
  readonly options: UploadOptions;
  readonly memory: UploadMemory;
  readonly signal: AbortSignal;
  readonly onState: (state: UploadState) => void;
  readonly onSession: (id: string | null) => void;
}

/** Sends what is missing of a file, until it is published. Rejects with an UploadError, or with the reason of the signal. */
export async function runUpload(shared: Shared, options: RunOptions): Promise<UploadResult> {
  return new UploadRun(shared, options).run();
}

class UploadRun {
  readonly #patience: Patience;

  constructor(
    private readonly shared: Shared,
    private readonly given: RunOptions,
  ) {
    const { signal, onState } = given;
    const onOffline = (offline: boolean): void => onState(offline ? 'offline' : 'sending');
    this.#patience = { timings: shared.timings, signal, onOffline };
  }

  async run(): Promise<UploadResult> {
    const { signal, onState } = this.given;
    const { turns } = this.shared;
    if (turns.isFull) onState('waiting');
    const leave = await turns.enter(signal);
    try {
      return await this.#inTurn();
    } finally {
      leave();
    }
  }

  async #inTurn(): Promise<UploadResult> {
    const { options, memory, signal, onState } = this.given;
    const { graphql, timings } = this.shared;
    onState('preparing');
    const open = await this.#open();
    const { file } = open;
    if (file.size === 0) throw new UploadError('EMPTY_FILE', 'The file is empty.');
    memory.progress ??= new Progress(file.size, options.onProgress ?? (() => undefined), timings.progress);
    if (isSmall(file, options)) return this.#sendSmall(open, memory.progress);

    const samples = await reading(() => samplesOf(file));
    const place = placeOf(graphql.endpoint, options, { file, samples });
    const deliver = async (waited: boolean): Promise<UploadResult> => {
      onState('preparing');
      return this.#deliver(file, await this.#find(open, samples, waited));
    };
    return place === null
      ? deliver(false)
      : withLock(`lectern-upload ${place}`, signal, () => onState('waiting'), deliver);
  }

  async #open(): Promise<OpenFile> {
    const { source, options } = this.given;
    if (source !== null) return openSource(source);
    const record = (await this.shared.records.all()).find(({ sessionId }) => sessionId === options.sessionId);
    if (!record?.handle) throw fileNeeded();
    return openSource(record.handle);
  }

  async #sendSmall({ file, name }: OpenFile, progress: Progress): Promise<UploadResult> {
    const { options, signal, onState, onSession, memory } = this.given;
    onSession(null);
    onState('sending');
    memory.completing = true;
    const send = async (): Promise<UploadResult> => {
      progress.begin(0);
      const onSent = (bytes: number): void => void progress.sent(1, bytes);
      return sendSmall(file, options.filename ?? name ?? 'file', options, { ...this.shared, signal, onSent });
    };
    const result = await persist(send, this.#patience);
    progress.finish();
    return result;
  }

  async #find(open: OpenFile, samples: readonly string[] | null, waited: boolean): Promise<Found> {
    const { options, memory } = this.given;
    const { graphql, sessions, records } = this.shared;
    const { endpoint } = graphql;
    const onStarting = (record: UploadRecord): void => void (memory.record = record);
    const patience = this.#patience;
    const finder = new SessionFinder({ endpoint, sessions, records, options, patience, onStarting }, open, samples);
    if (options.sessionId !== undefined) return finder.byId(options.sessionId);
    if (memory.record) return finder.again(memory.record);
    // Published in the tab that this one waited for: the same file is not sent twice.
    return (await finder.remembered(waited)) ?? finder.start();
  }

  async #deliver(file: Blob, { session, record }: Found): Promise<UploadResult> {
    const { memory, onSession, signal, onState } = this.given;
    const { records } = this.shared;
    memory.record = record;
    onSession(session.id);
    if (!memory.progress) throw new Error('The progress is made before the session is found.');
    const delivery = new Delivery(file, {
      ...this.shared,
      ...this.#patience,
      endpoint: this.shared.graphql.endpoint,
      timings: this.shared.timings,
      signal,
      onState,
      progress: memory.progress,
      onCompleting: () => (memory.completing = true),
    });
    try {
      const result = await delivery.run(session);
      await records.put({ ...record, publishedAt: Date.now() });
      return result;
    } catch (error) {
      if (error instanceof SessionEnded) await records.remove(record.key);
      throw error;
    }
  }
}
