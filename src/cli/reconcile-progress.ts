import { clearLine, cursorTo } from 'node:readline';
import { SingleBar } from 'cli-progress';
import type { ReconciliationProgress } from '../media/upkeep/reconciliation.js';

const LABELS: Readonly<Record<ReconciliationProgress['phase'], string>> = {
  objects: 'Listing objects',
  records: 'Checking records',
  deleting: 'Deleting orphans',
};

/** A progress bar on standard error, where that is a terminal; else nothing. */
export class ReconcileProgress {
  private phase: ReconciliationProgress['phase'] | undefined;
  private bar: SingleBar | undefined;

  show({ phase, done, expected }: ReconciliationProgress): void {
    if (phase !== this.phase) {
      this.end();
      this.phase = phase;
      const amount = expected === undefined ? '{value}' : '[{bar}] {percentage}% | {value}/{total}';
      this.bar = new SingleBar({
        format: `${LABELS[phase]} ${amount}`,
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: false,
      });
      this.bar.start(expected ?? 0, 0);
    }
    // Records may have come since the objects were counted.
    if (expected !== undefined && done > expected) this.bar?.setTotal(done);
    this.bar?.update(done);
  }

  /** Makes room for a line on a terminal that shows both. The bar comes back by itself. */
  clear(): void {
    if (!process.stderr.isTTY) return;
    cursorTo(process.stderr, 0);
    clearLine(process.stderr, 0);
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
