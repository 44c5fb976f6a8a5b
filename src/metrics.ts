import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { within } from './within.js';

/** How a request ended: served, refused for the client's fault, failed for ours, or left by its client before its answer. */
export type RequestOutcome = 'served' | 'refused' | 'failed' | 'left';
/** How the upload of one file ended: stored, refused for what it is, broken off by its client, or failed by us. */
export type UploadOutcome = 'stored' | 'refused' | 'broken_off' | 'failed';
/** How a storage answered: done, not available, or with a no (no such object, a body that broke off). */
export type StorageOutcome = 'done' | 'unavailable' | 'rejected';

export const STORAGE_OPERATIONS = ['put', 'open', 'stat', 'delete', 'check'] as const;
export type StorageOperation = (typeof STORAGE_OPERATIONS)[number];

/** What is counted by its name alone. */
export type CounterName = 'signings' | 'swept' | 'passed_over';

/** From a file on a local disk to a video of gigabytes, in seconds. */
const STORAGE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];
/** How long a scrape waits for what must be asked for elsewhere, in milliseconds. */
const SCRAPE_WAIT_MS = 2_000;

/**
 * What operators measure, in Prometheus' words. Each instance has a registry of its own. Labels are slot, outcome and
 * state, whose values are closed sets: no client can make a new time series.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];

  private readonly requests = new Counter({
    name: 'lectern_http_requests_total',
    help: 'Requests that have ended, by outcome: served, refused (4xx), failed (5xx), left (no whole answer).',
    labelNames: ['outcome'] as const,
    registers: this.registers,
  });

  private readonly uploads = new Counter({
    name: 'lectern_uploads_total',
    help: 'Files sent, by slot and outcome: stored, refused, broken_off (by the client), failed.',
    labelNames: ['slot', 'outcome'] as const,
    registers: this.registers,
  });

  private readonly uploadedBytes = new Counter({
    name: 'lectern_uploaded_bytes_total',
    help: 'Bytes of the files that were stored, by slot.',
    labelNames: ['slot'] as const,
    registers: this.registers,
  });

  private readonly counters: Record<CounterName, Counter> = {
    signings: new Counter({
      name: 'lectern_url_signings_total',
      help: 'Signed URLs that were made. One that is remembered is not made again.',
      registers: this.registers,
    }),
    swept: new Counter({
      name: 'lectern_swept_rows_total',
      help: 'Uploads that the sweeper has decided, and released or given up objects that it has deleted.',
      registers: this.registers,
    }),
    passed_over: new Counter({
      name: 'lectern_sweep_passed_over_total',
      help: 'Rows and objects that a sweep left because this server does not know their slot or storage, or it is away.',
      registers: this.registers,
    }),
  };

  private readonly storageSeconds = Object.fromEntries(
    STORAGE_OPERATIONS.map((operation) => [
      operation,
      new Histogram({
        name: `lectern_storage_${operation}_seconds`,
        help: `How long "${operation}" of the storage took, in seconds, by outcome: done, unavailable, rejected.`,
        labelNames: ['outcome'] as const,
        buckets: STORAGE_SECONDS,
        registers: this.registers,
      }),
    ]),
  ) as Record<StorageOperation, Histogram<'outcome'>>;

  /** The media type of `text()`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
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

  /** The upload of one file ended; `bytes` of it are stored. */
  uploadEnded(slot: string, outcome: UploadOutcome, bytes = 0): void {
    this.uploads.inc({ slot, outcome });
    this.uploadedBytes.inc({ slot }, bytes);
  }

  readonly storageAnswered = (operation: StorageOperation, outcome: StorageOutcome, seconds: number): void => {
    this.storageSeconds[operation].observe({ outcome }, seconds);
  };

  /**
   * How many there are in each state, asked for at each scrape. When that fails or takes long, the scrape goes on
   * without: what else it tells is needed most then.
   */
  countByState(name: string, help: string, ask: () => Promise<Readonly<Record<string, number>>>): void {
    new Gauge({
      name,
      help,
      labelNames: ['state'] as const,
      registers: this.registers,
      async collect() {
        this.reset();
        const none = (): Record<string, number> => ({});
        const counts = await within(SCRAPE_WAIT_MS, ask().catch(none), none);
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
      },
    });
  }

  /** From now on the process itself is measured too: memory, processor time, garbage collection, event-loop lag. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }
}
