import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { within } from './within.js';

/** How a request ended: served, refused (4xx), failed (5xx), or left: the client disconnected before the response ended. */
export type RequestOutcome = 'served' | 'refused' | 'failed' | 'left';
/** How the upload of a file ended: stored, refused (its type or size), broken off by the client, or failed (5xx). */
export type UploadOutcome = 'stored' | 'refused' | 'broken_off' | 'failed';
/** How a storage operation ended: done, unavailable, or rejected (no such object, a body that ended early). */
export type StorageOutcome = 'done' | 'unavailable' | 'rejected';
/** How the verification of a direct upload ended: its file is stored or refused, or it failed and is tried again. */
export type VerificationOutcome = Exclude<UploadOutcome, 'broken_off'>;

export const STORAGE_OPERATIONS = ['put', 'open', 'stat', 'delete', 'check'] as const;
export type StorageOperation = (typeof STORAGE_OPERATIONS)[number];

/** The counters without labels. */
export type CounterName = 'signings' | 'swept' | 'passed_over';

/** The buckets of the storage histograms, in seconds: from a small file on a local disk to a large video. */
const STORAGE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];
/** How long a scrape waits for values that come from the database, in milliseconds. */
const SCRAPE_WAIT_MS = 2_000;
/**
 * How often the delay of the event loop is sampled, in milliseconds. Each sample wakes the process: with prom-client's
 * default of 10, that is two thirds of the processor time of an idle server.
 */
const EVENT_LOOP_SAMPLE_MS = 20;

/** Numbers by the value of a label. */
type Counts = Readonly<Record<string, number>>;

/**
 * The metrics, in the format of Prometheus. Each instance has its own registry. The labels are slot, outcome, state and
 * status.
 * Each has a fixed set of values, so that clients cannot create new time series.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];
  /** The registries whose metrics a scrape returns. */
  private shown = this.registers;

  private readonly requests = new Counter({
    name: 'lectern_http_requests_total',
    help: 'Finished requests, by outcome: served, refused (4xx), failed (5xx), left (the client disconnected early).',
    labelNames: ['outcome'] as const,
    registers: this.registers,
  });

  private readonly uploads = new Counter({
    name: 'lectern_uploads_total',
    help: 'Uploaded files, by slot and outcome: stored, refused, broken_off (by the client), failed.',
    labelNames: ['slot', 'outcome'] as const,
    registers: this.registers,
  });

  private readonly uploadedBytes = new Counter({
    name: 'lectern_uploaded_bytes_total',
    help: 'Bytes of the stored files, by slot.',
    labelNames: ['slot'] as const,
    registers: this.registers,
  });

  private readonly counters: Record<CounterName, Counter> = {
    signings: new Counter({
      name: 'lectern_url_signings_total',
      help: 'Signed URLs that were made. A cached URL is not counted again.',
      registers: this.registers,
    }),
    swept: new Counter({
      name: 'lectern_swept_rows_total',
      help: 'Rows that sweeps have settled, and objects that they have deleted.',
      registers: this.registers,
    }),
    passed_over: new Counter({
      name: 'lectern_sweep_passed_over_total',
      help: 'Rows and objects that sweeps skipped, because their slot or storage is unknown, or the storage unavailable.',
      registers: this.registers,
    }),
  };

  private readonly storageSeconds = Object.fromEntries(
    STORAGE_OPERATIONS.map((operation) => [
      operation,
      new Histogram({
        name: `lectern_storage_${operation}_seconds`,
        help: `Duration of the storage operation "${operation}" in seconds, by outcome: done, unavailable, rejected.`,
        labelNames: ['outcome'] as const,
        buckets: STORAGE_SECONDS,
        registers: this.registers,
      }),
    ]),
  ) as Record<StorageOperation, Histogram<'outcome'>>;

  private readonly verificationSeconds = new Histogram({
    name: 'lectern_upload_verification_seconds',
    help: 'Duration of the verification of a direct upload, by outcome: stored, refused, failed (it is tried again).',
    labelNames: ['outcome'] as const,
    buckets: STORAGE_SECONDS,
    registers: this.registers,
  });

  /** The media type of `text()`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics, in the text format of Prometheus. */
  text(): Promise<string> {
    return Registry.merge(this.shown).metrics();
  }

  count(name: CounterName, by = 1): void {
    this.counters[name].inc(by);
  }

  async counted(name: CounterName): Promise<number> {
    const { values } = await this.counters[name].get();
    return values.reduce((sum, { value }) => sum + value, 0);
  }

  requestEnded(outcome: RequestOutcome): void {
    this.requests.inc({ outcome });
  }

  /** Counts the upload of one file. `bytes` is how many bytes of it were stored. */
  uploadEnded(slot: string, outcome: UploadOutcome, bytes = 0): void {
    this.uploads.inc({ slot, outcome });
    this.uploadedBytes.inc({ slot }, bytes);
  }

  readonly storageAnswered = (operation: StorageOperation, outcome: StorageOutcome, seconds: number): void => {
    this.storageSeconds[operation].observe({ outcome }, seconds);
  };

  /** A direct upload was put together and checked, from the take of its lease to its end. */
  verificationEnded(outcome: VerificationOutcome, seconds: number): void {
    this.verificationSeconds.observe({ outcome }, seconds);
  }

  /**
   * Adds a gauge with one label. `ask` is called at each scrape. When it fails or takes more than 2 seconds, the scrape omits
   * this gauge and returns the other metrics.
   */
  gaugeBy(label: 'state' | 'status', name: string, help: string, ask: () => Promise<Counts>): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: this.registers,
      async collect() {
        this.reset();
        const none = (): Counts => ({});
        const counts = await within(SCRAPE_WAIT_MS, ask().catch(none), none);
        for (const [value, count] of Object.entries(counts)) this.set({ [label]: value }, count);
      },
    });
  }

  /** Adds the metrics of the process: memory, processor time, garbage collection, event-loop lag. */
  watchProcess(): void {
    this.shown = [this.registry, metricsOfProcess()];
  }
}

let ofProcess: Registry | undefined;

/**
 * One registry for the process, filled at the first call: prom-client never ends its samples of the event loop, so each server
 * that a process starts, as the tests do, would add a timer for good.
 */
function metricsOfProcess(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  }
  return ofProcess;
}
