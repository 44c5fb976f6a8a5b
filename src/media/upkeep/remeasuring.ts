import { LeaseHolder } from '../../database/lease.js';
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
  /** Every file, or only those whose measuring was given up (busy machine, storage away). */
  readonly which: 'all older' | 'given up';
  readonly signal: AbortSignal;
  /** The run ends after so many files that could not be measured now. No limit when absent. */
  readonly maxFailures?: number;
  readonly onProgress?: (progress: RemeasuringProgress) => void;
}

/** How far a run is. */
export interface RemeasuringProgress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface RemeasuringSummary {
  measured: number;
  /** Files that could not be measured now. The next run tries again. */
  failed: number;
}

/** How long a file that is measured may take, in milliseconds. */
const FILE_WITHIN_MS = 60_000;
/** How often a lost compare-and-set is tried again. */
const MAX_ATTEMPTS = 10;
/** Time between two runs of a server in the background, in milliseconds: a run looks at every record once. */
const INTERVAL_MS = 60 * 60 * 1_000;
/** A run in the background ends after so many files that could not be measured. */
const BACKGROUND_FAILURES = 20;
const LEASE = 'remeasure';
const LEASE_MS = 10 * 60 * 1_000;

/**
 * Measures stored files: those whose measuring was given up at their upload, and those that an earlier version measured.
 * The bytes stay as they are; only what the record says of them changes, by a compare-and-set. A measured file carries
 * the version of its measures, so the next run continues one that was interrupted.
 */
export class Remeasuring {
  private readonly lease = new LeaseHolder();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly parts: RemeasuringParts) {}

  /** Measures in the background what was given up, now and every hour, in turn with other servers, until stopped. */
  start(): void {
    const run = (): void => {
      this.running ??= this.inTurn()
        .catch((error: unknown) => {
          this.parts.telemetry.logger.warn(
            { err: error },
            'measuring in the background broke off; it will be tried again',
          );
        })
        .finally(() => {
          this.running = undefined;
        });
    };
    this.timer = setInterval(run, INTERVAL_MS);
    this.timer.unref();
    run();
  }

  /** Ends a run in the background after the file that it is at. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  /** Measures files one after the other. Rejects when the database does not answer. */
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

  private async inTurn(): Promise<void> {
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

  /** Returns false when the file could not be measured now. */
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

  /** Writes the measures into the record, if it still has the file. What was replaced meanwhile counts as done. */
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

/** Files of before there were versions of measures have no `id`: only a run over all measures them. */
function isDue({ id, measured }: MediaFile, which: RemeasuringOptions['which']): boolean {
  if (which === 'all older') return (measured ?? 0) < MEASURES_VERSION;
  return measured === undefined && id !== undefined;
}
