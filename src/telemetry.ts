import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';
import { FailPointTrigger, type FailPoint } from './fail-point.js';
import { type CounterName, Metrics } from './metrics.js';

export interface TelemetryOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
  /** For tests: the step at which this process fails. */
  readonly failPoint?: FailPoint | undefined;
}

/** Fields that are left out of every line. */
const SECRET_FIELDS = ['req.headers.authorization', 'headers.authorization', 'authorization', 'token', 'signature'];

/**
 * Secrets inside of other text, an error's message or the URL in it, say: JSON Web Tokens and other bearer tokens, the
 * signatures and credentials of signed URLs (ours, and those of AWS Signature Version 4, also as a store repeats them).
 */
const SECRET_TEXT =
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=\bBearer )[\w.~+/=-]+|(?<=[?&](?:signature|X-Amz-(?:Signature|Credential|Security-Token))=)[^&\s"\\]+|(?<="(?:SignatureProvided|StringToSign|CanonicalRequest|StringToSignBytes|CanonicalRequestBytes|AWSAccessKeyId)":")(?:[^"\\]|\\.)+/gi;

/** The logger, the metrics and the named steps of long sequences. One per process, handed to whoever reports something. */
export class Telemetry {
  readonly logger: Logger;
  readonly metrics = new Metrics();
  private readonly request = new AsyncLocalStorage<{ readonly requestId: string }>();
  private readonly failPoint: FailPointTrigger | undefined;

  constructor(options: TelemetryOptions) {
    const settings = {
      level: options.level,
      redact: SECRET_FIELDS,
      // A copy: pino writes the fields of the line into it.
      mixin: () => ({ ...this.request.getStore() }),
      hooks: { streamWrite: withoutSecrets },
    };
    this.logger = options.destination ? pino(settings, options.destination) : pino(settings);
    this.failPoint = options.failPoint && new FailPointTrigger(options.failPoint);
  }

  /** Runs what answers a request: every line that is logged on its behalf names it. */
  inRequest(requestId: string, run: () => void): void {
    this.request.run({ requestId }, run);
  }

  count(name: CounterName, by = 1): void {
    this.metrics.count(name, by);
  }

  counted(name: CounterName): Promise<number> {
    return this.metrics.counted(name);
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

/** A line of the log as it may be kept. */
function withoutSecrets(line: string): string {
  return line.replace(SECRET_TEXT, '[Redacted]');
}
