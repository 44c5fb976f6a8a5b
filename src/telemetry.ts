import { pino, type DestinationStream, type Logger } from 'pino';
import { FailPointTrigger, type FailPoint } from './fail-point.js';

/** What is counted. Labels are few and closed: slot, outcome, state. */
export type CounterName = 'signings' | 'uploads' | 'uploadedBytes' | 'swept';

export interface TelemetryOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
  /** For tests: the step at which this process fails. */
  readonly failPoint?: FailPoint | undefined;
}

/** The logger, the counters and the named steps of long sequences. One per process, handed to whoever reports something. */
export class Telemetry {
  readonly logger: Logger;
  private readonly counters = new Map<CounterName, number>();
  private readonly failPoint: FailPointTrigger | undefined;

  constructor(options: TelemetryOptions) {
    const settings = {
      level: options.level,
      redact: ['req.headers.authorization', 'headers.authorization', 'authorization', 'token', 'signature'],
    };
    this.logger = options.destination ? pino(settings, options.destination) : pino(settings);
    this.failPoint = options.failPoint && new FailPointTrigger(options.failPoint);
  }

  count(name: CounterName, by = 1): void {
    this.counters.set(name, this.counted(name) + by);
  }

  counted(name: CounterName): number {
    return this.counters.get(name) ?? 0;
  }

  /** Runs one named step of a sequence: the name is the same in logs and in fail points. */
  async step<T>(name: string, fields: object, run: () => Promise<T>): Promise<T> {
    this.logger.trace({ step: name, ...fields }, 'step begins');
    await this.failPoint?.reached('before', name);
    const result = await run();
    await this.failPoint?.reached('after', name);
    this.logger.trace({ step: name, ...fields }, 'step done');
    return result;
  }
}
