import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';
import { FailPointTrigger, type FailPoint } from './fail-point.js';
import { LecternError } from './errors.js';
import { type CounterName, Metrics, type UploadOutcome } from './metrics.js';

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

/** What the line at the end of a request says beside what every request has. */
export interface RequestNotes {
  /** The `sub` of the token. */
  viewer?: string;
  /** The name and the kind of the GraphQL operation. */
  operation?: string;
  kind?: string;
  /** The codes of the errors in the answer, each once. */
  errors?: readonly string[];
  /** The files of this request that were not stored. */
  failedUploads?: { readonly slot: string; readonly outcome: UploadOutcome; readonly reason: string }[];
}

interface CurrentRequest {
  readonly requestId: string;
  readonly notes: RequestNotes;
}

/** The logger, the metrics and the named steps of long sequences. One per process, given to every part that reports. */
export class Telemetry {
  readonly logger: Logger;
  readonly metrics = new Metrics();
  private readonly request = new AsyncLocalStorage<CurrentRequest>();
  private readonly failPoint: FailPointTrigger | undefined;

  constructor(options: TelemetryOptions) {
    const settings = {
      level: options.level,
      redact: SECRET_FIELDS,
      // A new object for each line: pino writes the fields of the line into it.
      mixin: () => {
        const current = this.request.getStore();
        return current ? { requestId: current.requestId } : {};
      },
      hooks: { streamWrite: withoutSecrets },
    };
    this.logger = options.destination ? pino(settings, options.destination) : pino(settings);
    this.failPoint = options.failPoint && new FailPointTrigger(options.failPoint);
  }

  /** Runs what answers a request. Every line that is logged meanwhile has its id; `note` adds to `notes`. */
  inRequest(requestId: string, notes: RequestNotes, run: () => void): void {
    this.request.run({ requestId, notes }, run);
  }

  /** Adds to the line that is logged when the current request ends. Does nothing outside of a request. */
  note(fields: RequestNotes): void {
    Object.assign(this.request.getStore()?.notes ?? {}, fields);
  }

  /** Counts a file that was not stored, and notes slot and reason for the line of its request. */
  uploadFailed(slot: string, outcome: UploadOutcome, error: unknown): void {
    this.metrics.uploadEnded(slot, outcome);
    const reason = error instanceof LecternError ? `${error.code}: ${error.message}` : 'INTERNAL_SERVER_ERROR';
    const failedUploads = this.request.getStore()?.notes.failedUploads ?? [];
    this.note({ failedUploads: [...failedUploads, { slot, outcome, reason }] });
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
