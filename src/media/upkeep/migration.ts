import { setTimeout as delay } from 'node:timers/promises';
import { LecternError } from '../../errors.js';
import type { Storage } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import type { OwnedFile } from '../slot-owner.js';
import { FileLeftError } from './file-copy.js';
import { FileMover, type FileMoverParts, type MoveOutcome } from './file-move.js';
import { LeaseHolder } from '../../database/lease.js';
import { RepeatedTask } from '../../repeated-task.js';

export interface MigrationOptions {
  readonly source: Storage;
  readonly target: Storage;
  /** How many files are moved at once. */
  readonly concurrency: number;
  /** How long the original of each file stays readable after its move, in milliseconds. */
  readonly keepMs: number;
  /** Aborting ends the run: files that were moved stay moved, unfinished copies are discarded. */
  readonly signal: AbortSignal;
  /** Called often. */
  readonly onProgress: (progress: Progress) => void;
  /** Called for every file that could not be moved. */
  readonly onLeft: (file: MediaFile, reason: string) => void;
}

/**
 * The progress of a run. A file counts when its move has ended. Of its bytes, half counts while it is copied and half
 * while the copy is verified.
 */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface MigrationSummary extends Readonly<Record<MoveOutcome, number>> {
  /** The size of the moved files together, in bytes. */
  readonly movedBytes: number;
  /** The number of files that could not be moved. Each was reported by `onLeft`. */
  readonly left: number;
}

/** The lease that keeps two runs from doing the same work twice. Correctness does not depend on it. */
const LEASE = 'migrate-storage';
/** How often a run renews its lease in the time that the lease lasts, and how often a waiting run asks for it. */
const RENEWALS = 5;
const POLLS = 20;

/**
 * Moves every file of one storage to another, while servers run. After an interruption the next run continues: it moves
 * the files whose records still name the source. The sweeper deletes copies that were not published.
 */
export class Migration {
  private readonly mover: FileMover;
  private readonly lease = new LeaseHolder();

  /** @param leaseMs How long a new run has to wait after a killed one, in milliseconds. */
  constructor(
    private readonly parts: FileMoverParts,
    private readonly leaseMs: number,
  ) {
    this.mover = new FileMover(parts);
  }

  /** Rejects with CONFLICT when another run is active, and with STORAGE_UNAVAILABLE when a storage does not answer. */
  async run(options: MigrationOptions): Promise<MigrationSummary> {
    const { source, target, signal } = options;
    await Promise.all([source.check(), target.check()]);
    await this.takeLease(signal);
    const renewal = this.renewal();
    try {
      return await new Run(options, this.parts, this.mover).finish();
    } finally {
      // A renewal that is still running would take the lease again after its release.
      await renewal.stop();
      await this.lease.release(LEASE);
    }
  }

  /** Takes the lease. Waits long enough for the lease of a killed run to end. */
  private async takeLease(signal: AbortSignal): Promise<void> {
    for (const deadline = Date.now() + this.leaseMs * (1 + 1 / RENEWALS); ;) {
      if (await this.lease.take(LEASE, this.leaseMs)) return;
      if (Date.now() > deadline) throw new LecternError('CONFLICT', 'Another migration is running.');
      await delay(this.leaseMs / POLLS, undefined, { signal });
    }
  }

  private renewal(): RepeatedTask {
    const { logger } = this.parts.telemetry;
    return new RepeatedTask({
      everyMs: this.leaseMs / RENEWALS,
      run: async () => {
        await this.lease.take(LEASE, this.leaseMs);
      },
      onError: (error) => logger.warn({ err: error }, 'could not renew the lease of the migration'),
    });
  }
}

/** The state of one run: its counts and the signal that ends all its moves. */
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

  /** Yields every file whose record names the source. */
  private async *files(): AsyncGenerator<OwnedFile> {
    for (const owner of Object.values(this.parts.owners)) {
      for await (const owned of owner.files()) if (owned.file.storage === this.options.source.name) yield owned;
    }
  }

  private async move({ place, file }: OwnedFile): Promise<void> {
    const { source, target, keepMs } = this.options;
    let counted = 0;
    const onBytes = (bytes: number): void => {
      // Every byte is read twice, and again in a further attempt, but the file must not count more than its size.
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

  /**
   * Moves `concurrency` files at a time. An error about one file is reported and the run goes on; others end the run.
   */
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
    this.options.onLeft(file, unavailable ? 'a storage did not answer: run the command again' : error.message);
    // If a storage still does not answer, the run ends: the next files would fail too.
    if (unavailable) await Promise.all([this.options.source.check(), this.options.target.check()]);
  }

  private report(): void {
    this.options.onProgress(this.progress);
  }
}
