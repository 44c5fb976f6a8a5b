import type { Readable, Writable } from 'node:stream';
import { LecternError } from '../errors.js';
import { checkFileMap, type FileMap } from './file-map.js';
import { jsonFault } from './json-fault.js';
import { PartTurns } from './part-turns.js';

export interface FormLimits {
  /** How many files one request may carry. */
  readonly maxFiles: number;
  /** How long the `operations` and the `map` field may be, in bytes of UTF-8. */
  readonly maxFieldBytes: number;
}

type Fields = 'operations' | 'map';
/** RFC 7578, section 4.2: a file part has a file name. FormData writes one for a File or Blob, and none for other values. */
const NO_FILE_NAME = 'If this is meant as a file, it has no file name: append a File or a Blob, not text or an object';
type Listener = (...args: unknown[]) => void;

/** Content-Transfer-Encodings that leave the bytes as they are. RFC 2045, section 6.2; RFC 7578, section 4.7. */
const PLAIN_ENCODINGS = ['7bit', '8bit', 'binary'];

/**
 * Checks every part of a form before the library that parses it handles the part. The library would write wherever a
 * path of the map leads, and `variables.toString.call` leads into what all objects of the process share.
 */
export class FormCheck {
  /** Where each announced file belongs. Empty until the map has arrived. */
  files: FileMap = new Map();
  /** The first fault that was found. */
  refusal: LecternError | undefined;
  readonly turns: PartTurns;
  private operations: Record<string, unknown> | undefined;
  private hasMap = false;
  private readonly arrived = new Set<string>();

  /** @param parser The library's busboy, to which the library has added all of its listeners. */
  constructor(
    private readonly parser: Writable,
    private readonly limits: FormLimits,
  ) {
    this.turns = new PartTurns(parser, (reason) => this.refuse(reason));
    this.before('field', (name, value, info) => {
      this.checkField(String(name), String(value), info as { valueTruncated: boolean });
      // The library gets the paths as they were checked.
      return [name, name === 'map' ? JSON.stringify(Object.fromEntries(this.files)) : value, info];
    });
    this.before('file', (name, stream, info) => {
      this.checkFile(String(name), stream as Readable, info as { encoding: string });
      return [name, stream, info];
    });
    parser.once('fieldsLimit', () => this.refuse(this.thirdField()));
    // The library listens to the first error alone. Without a listener a second one would end the process.
    parser.on('error', (error) => this.turns.formBroke(this.refusal ?? error));
  }

  /** Whether `operations` and `map` have arrived and are sound. */
  get isMapped(): boolean {
    return this.hasMap;
  }

  /** Breaks the form off. Everything that waits for one of its parts fails with this error. */
  refuse(error: LecternError): void {
    this.refusal ??= error;
    this.parser.destroy(this.refusal);
  }

  /** @param check Throws for a part that is refused. Returns what the library's listeners are called with. */
  private before(event: 'field' | 'file', check: (...args: unknown[]) => unknown[]): void {
    const listeners = this.parser.listeners(event) as Listener[];
    this.parser.removeAllListeners(event);
    this.parser.on(event, (...args: unknown[]) => {
      if (this.refusal) return;
      let checked: unknown[];
      try {
        checked = check(...args);
      } catch (error) {
        this.refuse(error as LecternError);
        return;
      }
      for (const listener of listeners) listener(...checked);
    });
  }

  private checkField(name: string, value: string, { valueTruncated }: { valueTruncated: boolean }): void {
    if (name !== 'operations' && name !== 'map') {
      throw badForm(`has a field "${name.slice(0, 100)}" beside \`operations\` and \`map\`. ${NO_FILE_NAME}`);
    }
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
      if (name === 'operations' || name === 'map') {
        throw badForm(`has its \`${name}\` as a file (a Blob). Append it as text: JSON.stringify(...)`);
      }
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

  /** The parser does not tell the name of a third field: a file part without a file name is one, too. */
  private thirdField(): LecternError {
    const missing = [...this.files.keys()].find((name) => !this.arrived.has(name));
    if (missing === undefined) return badForm('has a field beside `operations` and `map`, or one of them twice');
    return badForm(`has a third field where the file "${missing.slice(0, 100)}" was expected. ${NO_FILE_NAME}`);
  }
}

function objectIn(field: Fields, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (/^\[object \w+\]$/.test(json)) {
      throw badForm(`has "${json.slice(0, 100)}" as its \`${field}\`. Append JSON.stringify(...) of the object`, error);
    }
    throw badForm(`has a field \`${field}\` that is not valid JSON (${jsonFault(json) ?? 'position unknown'})`, error);
  }
  if (field === 'operations' && Array.isArray(value)) {
    throw new LecternError('BAD_REQUEST', 'Send one operation at a time, not a list.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badForm(`has a field \`${field}\` that is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

/** A form that is not as https://github.com/jaydenseric/graphql-multipart-request-spec has it. */
export function badForm(fault: string, cause?: unknown): LecternError {
  return new LecternError('BAD_REQUEST', `The multipart form ${fault}.`, { cause });
}
