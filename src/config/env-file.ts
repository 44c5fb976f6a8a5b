import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { ConfigError } from './faults.js';

/**
 * The variables of a `.env` file. None when there is no file.
 *
 * Reads UTF-8, and UTF-16 as Windows' editors and PowerShell's `>` write it, with a byte order mark or without.
 * @throws {ConfigError} when the file cannot be read, or has another encoding.
 */
export function readEnvFile(path: string): Record<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(path, `cannot be read (${reason})`, 'Make it readable, or remove it');
  }
  const encoding = encodingOf(bytes);
  try {
    // The decoder takes a byte order mark away.
    return dotenv.parse(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refusal(path, `is neither UTF-8 nor UTF-16 (read as ${encoding})`, 'Save it as UTF-8');
  }
}

/** By its byte order mark (Unicode 15, section 23.8); without one, by where an ASCII text would have its zero bytes. */
function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

function refusal(path: string, problem: string, remedy: string): ConfigError {
  return new ConfigError([{ variable: path, problem, remedy }]);
}
