import type { ReconciliationProgress } from '../media/upkeep/reconciliation.js';
import { ProgressBar } from './progress-bar.js';

const LABELS: Readonly<Record<ReconciliationProgress['phase'], string>> = {
  objects: 'Listing objects',
  records: 'Checking records',
  deleting: 'Deleting orphans',
};

/** The progress bar of `lectern reconcile`. Each phase has its own bar. */
export class ReconcileProgress {
  private readonly bar = new ProgressBar();

  show({ phase, done, expected }: ReconciliationProgress): void {
    this.bar.show({ label: LABELS[phase], done, total: expected });
  }

  /** Removes the bar until its next update, so that a line of output can be printed. */
  clear(): void {
    this.bar.clear();
  }

  end(): void {
    this.bar.end();
  }
}
