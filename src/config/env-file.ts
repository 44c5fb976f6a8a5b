import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';
import { ConfigError } from './faults.js';

/**
 * Reads the variables of a `.env` file. Returns none when there is no file.
 *
 * The file may be UTF-8, or UTF-16, which editors on Windows and PowerShell's `>` write, with or without a byte order
 * mark.
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
    // The decoder removes a byte order mark.
    return dotenv.parse(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refusal(path, `is neither UTF-8 nor UTF-16 (read as ${encoding})`, 'Save it as UTF-8');
  }
}

/**
 * Detects the encoding from the byte order mark (Unicode 15, section 23.8). Without one, from the position of the zero
 * byte in the first ASCII character.
 */
function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

function refusal(path: string, problem: string, remedy: string): ConfigError {
  return new ConfigError([{ variable: path, problem, remedy }]);
}
