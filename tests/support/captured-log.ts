import { Writable } from 'node:stream';
import { Telemetry } from '../../src/telemetry.js';

/** Lines from this level on report a bug: `error` and `fatal` of pino. */
const DEFECT = 50;

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string };
  readonly [field: string]: unknown;
}

/** The log of a server in this process. Pass `telemetry` to `startApp`. */
export interface CapturedLog {
  readonly telemetry: Telemetry;
  lines(): LogLine[];
  /** The lines that report a bug. */
  defects(): LogLine[];
}

export function captureLog(): CapturedLog {
  let text = '';
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const lines = (): LogLine[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  return {
    telemetry: new Telemetry({ level: 'info', destination }),
    lines,
    defects: () => lines().filter(({ level }) => level >= DEFECT),
  };
}
