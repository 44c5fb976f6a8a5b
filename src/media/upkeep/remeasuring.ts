import { LeaseHolder } from '../../database/lease.js';
import { RepeatedTask } from '../../repeated-task.js';
import { LecternError } from '../../errors.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { MediaMeter } from '../content/media-meter.js';
import { fileId, MEASURES_VERSION, type MediaFile } from '../media-file.model.js';
import type { OwnedFile, SlotOwner, SlotOwners } from '../slot-owner.js';

export interface RemeasuringParts {
  readonly owners: SlotOwners;
  readonly meter: MediaMeter;
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly telemetry: Telemetry;
}

export interface RemeasuringOptions {
  /**
   * - `all older`: every file that this version of the measuring code has not measured
   * - `given up`: only files that could not be measured at their upload (busy machine, storage not available)
   */
  readonly which: 'all older' | 'given up';
  readonly signal: AbortSignal;
  /** The run ends after this many files could not be measured. Absent: no limit. */
  readonly maxFailures?: number;
  readonly onProgress?: (progress: RemeasuringProgress) => void;
}

/** The progress of a run. */
export interface RemeasuringProgress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface RemeasuringSummary {
  measured: number;
  /** Files that could not be measured. The next run tries them again. */
  failed: number;
}

/** The time limit for measuring one file, in milliseconds. */
const FILE_WITHIN_MS = 60_000;
/** How often a compare-and-set is attempted. */
const MAX_ATTEMPTS = 10;
/** Time between two background runs, in milliseconds. */
const INTERVAL_MS = 60 * 60 * 1_000;
/** A background run ends after this many files could not be measured. */
const BACKGROUND_FAILURES = 20;
const LEASE = 'remeasure';
const LEASE_MS = 10 * 60 * 1_000;

/**
 * Measures stored files that could not be measured at their upload, or that an earlier version measured. Changes only
 * the measures in the record, by a compare-and-set, and never the object. A measured file has the version of its
 * measures, so after an interruption the next run continues.
 */
export class Remeasuring {
  private readonly lease = new LeaseHolder();
  private readonly stopping = new AbortController();
  private background: RepeatedTask | undefined;

  constructor(private readonly parts: RemeasuringParts) {}

  /**
   * Starts background runs, now and every hour, until `stop`: they measure files whose measuring was given up. Of
   * several servers only one runs at a time.
   */
  start(): void {
    const { logger } = this.parts.telemetry;
    this.background = new RepeatedTask({
      everyMs: INTERVAL_MS,
      run: () => this.runUnderLease(),
      onError: (error) => logger.warn({ err: error }, 'measuring in the background failed; it will be tried again'),
    });
    this.background.runNow();
  }

  /** Stops background runs. Resolves when the file that is being measured has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.background?.stop();
  }

  /** Measures files one by one. Rejects when the database does not answer. */
  async run({ which, signal, maxFailures, onProgress }: RemeasuringOptions): Promise<RemeasuringSummary> {
    const summary: RemeasuringSummary = { measured: 0, failed: 0 };
    const progress = { files: 0, bytes: 0, totalFiles: 0, totalBytes: 0 };
    if (onProgress) {
      for await (const [, owned] of this.files(which)) {
        progress.totalFiles += 1;
        progress.totalBytes += owned.file.size;
      }
    }
    for await (const [owner, owned] of this.files(which)) {
      if (signal.aborted || summary.failed >= (maxFailures ?? Infinity)) break;
      summary[(await this.measure(owner, owned, signal)) ? 'measured' : 'failed'] += 1;
      progress.files += 1;
      progress.bytes += owned.file.size;
      onProgress?.(progress);
    }
    return summary;
  }

  /** One background run, unless another server has the lease. */
  private async runUnderLease(): Promise<void> {
    if (!(await this.lease.take(LEASE, LEASE_MS))) return;
    const { signal } = this.stopping;
    const { measured, failed } = await this.run({ which: 'given up', signal, maxFailures: BACKGROUND_FAILURES });
    if (measured + failed > 0) this.parts.telemetry.logger.info({ measured, failed }, 'measured stored files');
    await this.lease.release(LEASE);
  }

  private async *files(which: RemeasuringOptions['which']): AsyncGenerator<readonly [SlotOwner, OwnedFile]> {
    for (const owner of Object.values(this.parts.owners)) {
      for await (const owned of owner.files({ unmeasured: which === 'given up' })) {
        if (isDue(owned.file, which)) yield [owner, owned];
      }
    }
  }

  /** Measures one file. Returns false when it could not be measured. */
  private async measure(owner: SlotOwner, { place, file }: OwnedFile, signal: AbortSignal): Promise<boolean> {
    const { meter, storageNamed, telemetry } = this.parts;
    const storage = storageNamed(file.storage);
    if (!storage) return false;
    const { slot, key, size, contentType } = file;
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(FILE_WITHIN_MS)]);
      const measures = await meter.measureAgain({ slot, storage, key, size, contentType, signal: limited });
      if (measures === null) return false;
      return await this.record(owner, { place, file }, measures);
    } catch (error) {
      if (error instanceof LecternError && error.code === 'DATABASE_UNAVAILABLE') throw error;
      telemetry.logger.warn({ err: error, key }, 'could not measure a stored file');
      return false;
    }
  }

  /**
   * Writes the measures into the record. If the file was replaced or removed meanwhile, there is nothing to do.
   * Returns false when other requests changed the record in every attempt.
   */
  private async record(owner: SlotOwner, { place, file }: OwnedFile, measures: Partial<MediaFile>): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const seen = await owner.read(place);
      if (!seen?.file || seen.deleted || fileId(seen.file) !== fileId(file)) return true;
      const { width: _w, height: _h, durationSeconds: _d, codecs: _c, measured: _m, ...facts } = seen.file;
      const amended: MediaFile = Object.assign(facts, measures);
      if (await owner.amend(place, seen, amended)) return true;
    }
    return false;
  }
}

/**
 * Returns true when the file is to be measured. A file without an `id` is older than the field `measured`, so its
 * absence does not mean that measuring was given up.
 */
function isDue({ id, measured }: MediaFile, which: RemeasuringOptions['which']): boolean {
  if (which === 'all older') return (measured ?? 0) < MEASURES_VERSION;
  return measured === undefined && id !== undefined;
}
