import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { LecternError } from '../../src/errors.js';
import type { ContentCheck, ContentConversion } from '../../src/media/content/content-check.js';
import { HashingThread } from '../../src/media/content/hashing-thread.js';
import { MeasuredBody } from '../../src/media/content/measured-body.js';
import { sha256 } from '../support/download.js';
import { waitUntil } from '../support/patience.js';

const hashing = new HashingThread();
afterAll(() => hashing.close());

interface Rules {
  readonly maxBytes?: number;
  readonly check?: ContentCheck;
  readonly conversion?: ContentConversion;
}

const head = Buffer.from('head');
const bodyOf = (source: Readable, { maxBytes = 10_000_000, check, conversion }: Rules = {}): MeasuredBody =>
  new MeasuredBody(head, source, { maxBytes, check, conversion, hashing, onProgress: () => undefined });

/** Chunks as they come from a socket. */
function chunksOf(count: number): Buffer[] {
  return Array.from({ length: count }, () => randomBytes(65_536));
}

describe('MeasuredBody', () => {
  it.each([0, 1, 40])('passes on the head and %i chunks, and measures them', async (count) => {
    const chunks = chunksOf(count);
    const body = bodyOf(Readable.from(chunks));
    const stored = await buffer(body);
    expect(stored.equals(Buffer.concat([head, ...chunks]))).toBe(true);
    expect(await body.measured()).toEqual({ size: stored.length, sha256: sha256(stored) });
  });

  it('measures what a conversion returns, also at the end', async () => {
    const conversion = { chunk: () => Buffer.from('x'), end: () => Buffer.from('the end') };
    const body = bodyOf(Readable.from(chunksOf(3)), { conversion });
    const stored = await buffer(body);
    expect(stored.toString()).toBe('xxxxthe end');
    expect(await body.measured()).toEqual({ size: stored.length, sha256: sha256(stored) });
  });

  const refusal = new LecternError('UNSUPPORTED_MEDIA_TYPE', 'Not this.');
  const refuse = (): never => {
    throw refusal;
  };
  it.each<[string, Rules, object]>([
    ['more bytes than allowed', { maxBytes: 100_000 }, { code: 'FILE_TOO_LARGE' }],
    [
      'a check at a chunk',
      { check: { chunk: (bytes) => (bytes.length > 4 ? refuse() : undefined), end: refuse } },
      refusal,
    ],
    ['a check at the end', { check: { chunk: () => undefined, end: refuse } }, refusal],
    [
      'a conversion that returns too much',
      { maxBytes: 9_000_000, conversion: { chunk: () => Buffer.alloc(8e6), end: refuse } },
      { code: 'FILE_TOO_LARGE' },
    ],
  ])('fails with %s, and reads the rest of the source', async (_what, rules, error) => {
    const source = Readable.from(chunksOf(40));
    await expect(buffer(bodyOf(source, rules))).rejects.toMatchObject(error);
    await waitUntil(() => source.readableEnded);
  });

  it('reads the rest of the source when it is destroyed', async () => {
    const source = Readable.from(chunksOf(40));
    const body = bodyOf(source);
    await waitUntil(() => body.readableLength > 0);
    body.destroy();
    await waitUntil(() => source.readableEnded);
  });

  it.each<[string, (source: Readable) => void, string]>([
    ['fails', (source) => source.destroy(new Error('reset')), 'UPLOAD_INCOMPLETE'],
    ['fails with an error for the client', (source) => source.destroy(new LecternError('BAD_REQUEST')), 'BAD_REQUEST'],
    ['is destroyed', (source) => source.destroy(), 'UPLOAD_INCOMPLETE'],
  ])('fails when the source %s, also before anyone reads', async (_how, end, code) => {
    const source = new Readable({ read: () => undefined });
    const unread = bodyOf(source);
    end(source);
    await waitUntil(() => unread.destroyed);
    expect(unread.errored).toMatchObject({ code });
    await expect(buffer(unread)).rejects.toMatchObject({ code });
  });
});
