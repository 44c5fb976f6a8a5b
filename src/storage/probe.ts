import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Storage } from './storage.js';

/** A small object that `doctor` stores, reads and deletes. No slot has the prefix of its key. */
export const PROBE = { body: 'Lectern was here.', contentType: 'text/plain' } as const;

export function newProbeKey(): string {
  return `doctor/${randomUUID()}/probe.txt`;
}

export async function putProbe(storage: Storage, key: string): Promise<void> {
  const body = Buffer.from(PROBE.body);
  const signal = new AbortController().signal;
  await storage.put(key, Readable.from([body]), { contentType: PROBE.contentType, maxBytes: body.length, signal });
}

export async function readProbe(storage: Storage, key: string): Promise<void> {
  const found = await buffer(await storage.open(key));
  if (found.toString() !== PROBE.body) throw new Error('The bytes that were read differ from those that were stored.');
}

export async function deleteProbe(storage: Storage, key: string): Promise<void> {
  await storage.delete([key]);
  if ((await storage.stat(key)) !== null) throw new Error('The object still exists after it was deleted.');
}
