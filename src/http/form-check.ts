import type { Readable, Writable } from 'node:stream';
import { LecternError } from '../errors.js';
import { checkFileMap, type FileMap } from './file-map.js';
import { jsonFault } from './json-fault.js';
import { PartOrder } from './part-order.js';

export interface FormLimits {
  /** How many files one request may contain. */
  readonly maxFiles: number;
  /** The largest `operations` or `map` field, in bytes of UTF-8. */
  readonly maxFieldBytes: number;
}

type Fields = 'operations' | 'map';
/** A file part has a file name (RFC 7578, section 4.2). FormData adds one for a File or Blob, not for other values. */
const NO_FILE_NAME =
  'If it is meant to be a file, it lacks a file name: append a File or a Blob, not text or an object';
type Listener = (...args: unknown[]) => void;

/** Content-Transfer-Encodings that do not change the bytes. RFC 2045, section 6.2; RFC 7578, section 4.7. */
const PLAIN_ENCODINGS = ['7bit', '8bit', 'binary'];

/**
 * Checks every part of a form before graphql-upload-minimal handles it. The library would write to any path of the map,
 * and a path such as `variables.toString.call` leads to objects that the whole process shares.
 */
export class FormCheck {
  /** The paths of each file. Empty until the map has arrived. */
  files: FileMap = new Map();
  /** The first error that was found. */
  refusal: LecternError | undefined;
  readonly parts: PartOrder;
  private operations: Record<string, unknown> | undefined;
  private hasMap = false;
  private readonly arrived = new Set<string>();

  /** @param parser The library's busboy, after the library has added all its listeners. */
  constructor(
    private readonly parser: Writable,
    private readonly limits: FormLimits,
  ) {
    this.parts = new PartOrder(parser, (reason) => this.refuse(reason));
    this.before('field', (name, value, info) => {
      this.checkField(String(name), String(value), info as { valueTruncated: boolean });
      // Passes the checked paths to the library.
      return [name, name === 'map' ? JSON.stringify(Object.fromEntries(this.files)) : value, info];
    });
    this.before('file', (name, stream, info) => {
      this.checkFile(String(name), stream as Readable, info as { encoding: string });
      return [name, stream, info];
    });
    parser.once('fieldsLimit', () => this.refuse(this.thirdField()));
    // The library listens to the first error only. Without this listener a second one would end the process.
    parser.on('error', (error) => this.parts.fail(this.refusal ?? error));
  }

  /** True when `operations` and `map` have arrived and are valid. */
  get isMapped(): boolean {
    return this.hasMap;
  }

  /** Ends the form. Everything that waits for one of its parts fails with this error. */
  refuse(error: LecternError): void {
    this.refusal ??= error;
    this.parser.destroy(this.refusal);
  }

  /**
   * Calls `check` before the library's listeners of an event.
   * @param check Throws to refuse the part. Returns the arguments for the library's listeners.
   */
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
      throw badForm(`has a field "${name.slice(0, 100)}" besides \`operations\` and \`map\`. ${NO_FILE_NAME}`);
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
        throw badForm(`contains \`${name}\` as a file (a Blob). Append it as text: JSON.stringify(...)`);
      }
      if (!this.hasMap) throw badForm('has a file before `operations` and `map`');
      if (this.arrived.has(name)) throw badForm(`has the file "${name.slice(0, 100)}" twice`);
      if (!PLAIN_ENCODINGS.includes(encoding)) {
        throw badForm('has a file with a Content-Transfer-Encoding. Send the bytes without an encoding');
      }
    } catch (error) {
      stream.on('error', () => undefined).resume();
      throw error;
    }
    this.arrived.add(name);
    this.parts.arrive(stream, this.files.has(name));
  }

  /** The error for a third field, whose name the parser does not tell. It may be a file part without a file name. */
  private thirdField(): LecternError {
    const missing = [...this.files.keys()].find((name) => !this.arrived.has(name));
    if (missing === undefined) return badForm('has a field besides `operations` and `map`, or one of them twice');
    return badForm(`has a third field where the file "${missing.slice(0, 100)}" was expected. ${NO_FILE_NAME}`);
  }
}

function objectIn(field: Fields, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (/^\[object \w+\]$/.test(json)) {
      throw badForm(`has "${json.slice(0, 100)}" as \`${field}\`. Append JSON.stringify(...) of the object`, error);
    }
    throw badForm(`has a field \`${field}\` that is not valid JSON (${jsonFault(json) ?? 'position unknown'})`, error);
  }
  if (field === 'operations' && Array.isArray(value)) {
    throw new LecternError('BAD_REQUEST', 'Send one operation per request, not a list.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badForm(`has a field \`${field}\` that is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

/** The error for a form that violates https://github.com/jaydenseric/graphql-multipart-request-spec. */
export function badForm(fault: string, cause?: unknown): LecternError {
  return new LecternError('BAD_REQUEST', `The multipart form ${fault}.`, { cause });
}
