import { setTimeout as delay } from 'node:timers/promises';
import { LecternError } from '../../errors.js';
import type { Storage } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import type { OwnedFile } from '../slot-owner.js';
import { FileLeftError } from './file-copy.js';
import { FileMover, type FileMoverParts, type MoveOutcome } from './file-move.js';
import { LeaseHolder } from '../../database/lease.js';

export interface MigrationOptions {
  readonly source: Storage;
  readonly target: Storage;
  /** How many files are moved at once. */
  readonly concurrency: number;
  /** For how long the original of each file stays after its move, in milliseconds. */
  readonly keepMs: number;
  /** Aborting ends the run: what has been moved stays moved, what is on its way is discarded. */
  readonly signal: AbortSignal;
  /** Is told often how far the run is. */
  readonly onProgress: (progress: Progress) => void;
  /** Is told of every file that is left where it is. */
  readonly onLeft: (file: MediaFile, reason: string) => void;
}

/** How far a run is. A file counts when it is settled; its bytes count by halves: copied, and read back. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface MigrationSummary extends Readonly<Record<MoveOutcome, number>> {
  /** Of the files that were moved. */
  readonly movedBytes: number;
  /** Files that could not be moved. Each was reported. */
  readonly left: number;
}

/** One run at a time: two would only take each other's files. Nothing relies on it. */
const LEASE = 'migrate-storage';
/** How long a run that was killed keeps the next one waiting, in milliseconds. */
const LEASE_MS = 5_000;
const LEASE_RENEWAL_MS = 1_000;
const LEASE_POLL_MS = 250;

/**
 * Moves every file of one storage to another, while servers run. The next run continues one that broke off: what the
 * records say is all that it needs to know, and the sweeper deletes the copies that were not published.
 */
export class Migration {
  private readonly mover: FileMover;
  private readonly lease = new LeaseHolder();

  constructor(private readonly parts: FileMoverParts) {
    this.mover = new FileMover(parts);
  }

  /** Rejects with CONFLICT while another run goes on, with STORAGE_UNAVAILABLE when a storage does not answer. */
  async run(options: MigrationOptions): Promise<MigrationSummary> {
    const { source, target, signal } = options;
    await Promise.all([source.check(), target.check()]);
    await this.takeLease(signal);
    const renewing = setInterval(() => void this.renewLease(), LEASE_RENEWAL_MS);
    try {
      return await new Run(options, this.parts, this.mover).finish();
    } finally {
      clearInterval(renewing);
      await this.lease.release(LEASE);
    }
  }

  /** Waits as long as the lease of a run that was killed lasts. */
  private async takeLease(signal: AbortSignal): Promise<void> {
    for (const deadline = Date.now() + LEASE_MS + LEASE_RENEWAL_MS; ;) {
      if (await this.lease.take(LEASE, LEASE_MS)) return;
      if (Date.now() > deadline) throw new LecternError('CONFLICT', 'Another migration is running.');
      await delay(LEASE_POLL_MS, undefined, { signal });
    }
  }

  private async renewLease(): Promise<void> {
    try {
      await this.lease.take(LEASE, LEASE_MS);
    } catch (error) {
      this.parts.telemetry.logger.warn({ err: error }, 'could not renew the lease of the migration');
    }
  }
}

/** One run: what it counts, and what makes all of it end. */
class Run {
  private readonly failed = new AbortController();
  private readonly signal: AbortSignal;
  private readonly counts = { moved: 0, superseded: 0, movedBytes: 0, left: 0 };
  private progress = { files: 0, bytes: 0, totalFiles: 0, totalBytes: 0 };

  constructor(
    private readonly options: MigrationOptions,
    private readonly parts: FileMoverParts,
    private readonly mover: FileMover,
  ) {
    this.signal = AbortSignal.any([options.signal, this.failed.signal]);
  }

  async finish(): Promise<MigrationSummary> {
    for await (const { file } of this.files()) {
      this.progress.totalFiles += 1;
      this.progress.totalBytes += file.size;
    }
    this.report();
    await this.moveAll();
    if (this.failed.signal.aborted) throw this.failed.signal.reason;
    return this.counts;
  }

  /** What is still in the source by its record. */
  private async *files(): AsyncGenerator<OwnedFile> {
    for (const owner of Object.values(this.parts.owners)) {
      for await (const owned of owner.files()) if (owned.file.storage === this.options.source.name) yield owned;
    }
  }

  private async move({ place, file }: OwnedFile): Promise<void> {
    const { source, target, keepMs } = this.options;
    let counted = 0;
    const onBytes = (bytes: number): void => {
      // Read twice, counted once; and never more than the file has, however often it is tried.
      const more = Math.min(bytes / 2, file.size - counted);
      counted += more;
      this.progress.bytes += more;
      this.report();
    };
    try {
      const outcome = await this.mover.move({ place, file, source, target, keepMs, signal: this.signal, onBytes });
      this.counts[outcome] += 1;
      if (outcome === 'moved') this.counts.movedBytes += file.size;
    } finally {
      this.progress.files += 1;
      this.progress.bytes += file.size - counted;
      this.report();
    }
  }

  /** Some at a time. What is about one file is reported, and the run goes on; any other error ends it. */
  private async moveAll(): Promise<void> {
    const files = this.files();
    const worker = async (): Promise<void> => {
      try {
        for (let next = await files.next(); !next.done && !this.signal.aborted; next = await files.next()) {
          const { file } = next.value;
          await this.move(next.value).catch((error: unknown) => this.leave(file, error));
        }
      } catch (error) {
        if (!this.signal.aborted) this.failed.abort(error);
      }
    };
    await Promise.all(Array.from({ length: this.options.concurrency }, worker));
  }

  private async leave(file: MediaFile, error: unknown): Promise<void> {
    if (this.signal.aborted) return;
    const unavailable = error instanceof LecternError && error.code === 'STORAGE_UNAVAILABLE';
    if (!(error instanceof FileLeftError) && !unavailable) throw error;
    this.counts.left += 1;
    this.options.onLeft(file, unavailable ? 'a storage did not answer: run this again' : error.message);
    // A storage that is away would fail for the next file too.
    if (unavailable) await Promise.all([this.options.source.check(), this.options.target.check()]);
  }

  private report(): void {
    this.options.onProgress(this.progress);
  }
}
