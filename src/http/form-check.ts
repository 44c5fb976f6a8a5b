import type { Readable, Writable } from 'node:stream';
import { LecternError } from '../errors.js';
import { checkFileMap } from './file-map.js';
import { PartTurns } from './part-turns.js';

export interface FormLimits {
  /** How many files one request may carry. */
  readonly maxFiles: number;
  /** How long the `operations` and the `map` field may be, in bytes of UTF-8. */
  readonly maxFieldBytes: number;
}

type Fields = 'operations' | 'map';
type Listener = (...args: unknown[]) => void;

/** What a part may say of how its bytes are written: as they are. RFC 2045, section 6.2; RFC 7578, section 4.7. */
const PLAIN_ENCODINGS = ['7bit', '8bit', 'binary'];

/**
 * Looks at every part of a form before the library does, which hears of sound ones only. It would write where a hostile
 * path of the map leads: `variables.toString.call` leads into what all objects of the process share.
 */
export class FormCheck {
  /** Where each announced file belongs. Empty until the map has come. */
  files: ReadonlyMap<string, readonly string[]> = new Map();
  /** What was wrong first. */
  refusal: LecternError | undefined;
  readonly turns: PartTurns;
  private operations: Record<string, unknown> | undefined;
  private hasMap = false;
  private readonly arrived = new Set<string>();

  /** @param parser The library's, with all of the library's listeners on it. */
  constructor(
    private readonly parser: Writable,
    private readonly limits: FormLimits,
  ) {
    this.turns = new PartTurns(parser, (reason) => this.refuse(reason));
    this.before('field', (name, value, info) =>
      this.checkField(String(name), String(value), info as { valueTruncated: boolean }),
    );
    this.before('file', (name, stream, info) =>
      this.checkFile(String(name), stream as Readable, info as { encoding: string }),
    );
    parser.once('fieldsLimit', () =>
      this.refuse(badForm('has a field beside `operations` and `map`, or one of them twice')),
    );
    // A malformed part header is an error that the library hears once only, and no second one: it would end the process.
    parser.on('error', (error) => this.turns.formBroke(this.refusal ?? error));
  }

  /** Whether `operations` and `map` have come and are sound. */
  get isMapped(): boolean {
    return this.hasMap;
  }

  /** Breaks the form off. Who waits for one of its parts hears why. */
  refuse(error: LecternError): void {
    this.refusal ??= error;
    this.parser.destroy(this.refusal);
  }

  private before(event: 'field' | 'file', check: Listener): void {
    const listeners = this.parser.listeners(event) as Listener[];
    this.parser.removeAllListeners(event);
    this.parser.on(event, (...args: unknown[]) => {
      if (this.refusal) return;
      try {
        check(...args);
      } catch (error) {
        this.refuse(error as LecternError);
        return;
      }
      for (const listener of listeners) listener(...args);
    });
  }

  private checkField(name: string, value: string, { valueTruncated }: { valueTruncated: boolean }): void {
    if (name !== 'operations' && name !== 'map') throw badForm('has a field beside `operations` and `map`');
    const { maxFieldBytes, maxFiles } = this.limits;
    if (valueTruncated) throw badForm(`has a field \`${name}\` of more than ${String(maxFieldBytes)} bytes`);
    if (name === 'operations') {
      if (this.operations) throw badForm('has the field `operations` twice');
      this.operations = objectIn(name, value);
    } else {
      if (!this.operations) throw badForm('has `map` before `operations`');
      this.files = checkFileMap(this.operations, objectIn(name, value), maxFiles);
      this.hasMap = true;
    }
  }

  private checkFile(name: string, stream: Readable, { encoding }: { encoding: string }): void {
    try {
      if (!this.hasMap) throw badForm('has a file before `operations` and `map`');
      if (this.arrived.has(name)) throw badForm(`has the file "${name.slice(0, 100)}" twice`);
      if (!PLAIN_ENCODINGS.includes(encoding)) {
        throw badForm('has a file with a Content-Transfer-Encoding; send its bytes as they are');
      }
    } catch (error) {
      stream.on('error', () => undefined).resume();
      throw error;
    }
    this.arrived.add(name);
    this.turns.arrive(stream, this.files.has(name));
  }
}

function objectIn(field: Fields, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw badForm(`has a field \`${field}\` that is no JSON`, error);
  }
  if (field === 'operations' && Array.isArray(value)) {
    throw new LecternError('BAD_REQUEST', 'Send one operation at a time, not a list.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badForm(`has a field \`${field}\` that is no JSON object`);
  }
  return value as Record<string, unknown>;
}

/** The specification tells what a form has to be: https://github.com/jaydenseric/graphql-multipart-request-spec */
export function badForm(fault: string, cause?: unknown): LecternError {
  return new LecternError('BAD_REQUEST', `The multipart form ${fault}.`, { cause });
}
