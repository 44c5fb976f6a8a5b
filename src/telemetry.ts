import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';
import { FailPointTrigger, type FailPoint } from './fail-point.js';
import { LecternError } from './errors.js';
import { type CounterName, Metrics, type UploadOutcome } from './metrics.js';
import { withSources } from './stack-sources.js';

export interface TelemetryOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
  /** For tests: the step at which this process fails. */
  readonly failPoint?: FailPoint | undefined;
}

/** Fields whose values are removed from every log line. */
const SECRET_FIELDS = ['req.headers.authorization', 'headers.authorization', 'authorization', 'token', 'signature'];

/**
 * Secrets inside other text, such as an error message or a URL in it: JSON Web Tokens and other bearer tokens, and the
 * signatures and credentials of signed URLs (ours, and those of AWS Signature Version 4, also in error messages of stores).
 */
const SECRET_TEXT =
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=\bBearer )[\w.~+/=-]+|(?<=[?&](?:signature|X-Amz-(?:Signature|Credential|Security-Token))=)[^&\s"\\]+|(?<="(?:SignatureProvided|StringToSign|CanonicalRequest|StringToSignBytes|CanonicalRequestBytes|AWSAccessKeyId)":")(?:[^"\\]|\\.)+/gi;

/** Fields that are added to the log line at the end of a request. */
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

/**
 * The request that the running code belongs to. One for the process: Node tells every AsyncLocalStorage that was ever used
 * of every promise, so one for each instance would slow down a process that starts many servers, as the tests do.
 */
const currentRequest = new AsyncLocalStorage<CurrentRequest>();

/** The logger, the metrics and the named steps. A process has one instance, which is passed to all parts. */
export class Telemetry {
  readonly logger: Logger;
  readonly metrics = new Metrics();
  private readonly failPoint: FailPointTrigger | undefined;

  constructor(options: TelemetryOptions) {
    const settings = {
      level: options.level,
      redact: SECRET_FIELDS,
      // A new object for each line: pino writes the fields of the line into it.
      mixin: () => {
        const current = currentRequest.getStore();
        return current ? { requestId: current.requestId } : {};
      },
      hooks: { streamWrite: (line: string) => withoutSecrets(withSources(line)) },
    };
    this.logger = options.destination ? pino(settings, options.destination) : pino(settings);
    this.failPoint = options.failPoint && new FailPointTrigger(options.failPoint);
  }

  /** Runs the handler of a request. Lines that it logs have the id of the request, and `note` adds to `notes`. */
  inRequest(requestId: string, notes: RequestNotes, run: () => void): void {
    currentRequest.run({ requestId, notes }, run);
  }

  /** Adds fields to the log line at the end of the current request. Does nothing outside a request. */
  note(fields: RequestNotes): void {
    Object.assign(currentRequest.getStore()?.notes ?? {}, fields);
  }

  /** Counts a file that was not stored, and adds its slot and the reason to the log line of the request. */
  uploadFailed(slot: string, outcome: UploadOutcome, error: unknown): void {
    this.metrics.uploadEnded(slot, outcome);
    const reason = error instanceof LecternError ? `${error.code}: ${error.message}` : 'INTERNAL_SERVER_ERROR';
    const failedUploads = currentRequest.getStore()?.notes.failedUploads ?? [];
    this.note({ failedUploads: [...failedUploads, { slot, outcome, reason }] });
  }

  count(name: CounterName, by = 1): void {
    this.metrics.count(name, by);
  }

  counted(name: CounterName): Promise<number> {
    return this.metrics.counted(name);
  }

  /** Runs a named step. Logs and fail points use the same name. */
  async step<T>(name: string, fields: object, run: () => Promise<T>): Promise<T> {
    this.logger.trace({ step: name, ...fields }, 'step begins');
    await this.failPoint?.reached('before', name);
    const result = await run();
    await this.failPoint?.reached('after', name);
    this.logger.trace({ step: name, ...fields }, 'step done');
    return result;
  }
}

/** Replaces the secrets in a log line. */
function withoutSecrets(line: string): string {
  return line.replace(SECRET_TEXT, '[Redacted]');
}
