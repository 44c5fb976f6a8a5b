/** The bytes of the model's files. */
import { createHash } from 'node:crypto';

/** The bytes of the file that is called so. */
export const textOf = (name) => `bytes of ${name}`;

const known = new Map();
const texts = new Map();
export function sha256Of(text) {
  if (!known.has(text)) {
    known.set(text, createHash('sha256').update(text).digest('hex'));
    texts.set(known.get(text), text);
  }
  return known.get(text);
}

/** The bytes that have this SHA-256, for messages. */
export const bytesOf = (sha256) => texts.get(sha256);
