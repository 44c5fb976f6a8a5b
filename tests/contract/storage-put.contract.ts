import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Storage } from '../../src/storage/storage.js';
import { breakingAfter, chunksOf, generated, MIB, pausingAfter, textOf } from './storage-bodies.js';
import { listed, newKey, putOptions } from './storage.contract.js';

/** Less than a part, more than a part, more than all parts that are uploaded at once. */
const SIZES = [100_000, 9 * MIB, 30 * MIB];

/** The contract of every storage for puts that fail. */
export function describePutFailures(subject: () => Storage): void {
  const expectNothingLeft = async (key: string): Promise<void> => {
    expect(await subject().stat(key)).toBeNull();
    expect(await listed(subject().list(key))).toEqual([]);
    expect(await subject().sweepUnfinished({ olderThan: new Date(Date.now() + 60_000), key })).toBe(0);
  };

  describe('a put', () => {
    test.each(SIZES)('shows no object before its body of %i bytes is complete', async (size) => {
      const key = newKey();
      const { body, paused, release } = pausingAfter(size);
      const putting = subject().put(key, body, putOptions());
      await paused;
      expect(await subject().stat(key)).toBeNull();
      expect(await listed(subject().list(key))).toEqual([]);
      release();
      await putting;
      expect((await subject().stat(key))?.size).toBe(size + 'the end'.length);
    });

    test.each(SIZES)(
      'rejects with the error of a body that breaks after %i bytes, and leaves nothing',
      async (size) => {
        const key = newKey();
        const broken = Object.assign(new Error('the client hung up'), { code: 'ECONNRESET' });
        await expect(subject().put(key, breakingAfter(size, broken), putOptions())).rejects.toBe(broken);
        await expectNothingLeft(key);
      },
    );

    test.each(SIZES)(
      'rejects when its body is destroyed after %i bytes without an error, and leaves nothing',
      async (size) => {
        const key = newKey();
        const { body, paused } = pausingAfter(size);
        const putting = subject().put(key, body, putOptions());
        const rejected = expect(putting).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
        await paused;
        body.destroy();
        await rejected;
        await expectNothingLeft(key);
      },
    );

    test('rejects with the error of a body that broke before it was read, and leaves nothing', async () => {
      const key = newKey();
      const broken = new Error('too early');
      const body = generated(10);
      body.on('error', () => undefined);
      body.destroy(broken);
      await new Promise((resolve) => body.once('close', resolve));
      await expect(subject().put(key, body, putOptions())).rejects.toBe(broken);
      await expectNothingLeft(key);
    });

    test('rejects when its body was destroyed or read before, and leaves nothing', async () => {
      for (const spoil of [(body: Readable) => body.destroy(), async (body: Readable) => textOf(body)]) {
        const key = newKey();
        const body = generated(10);
        await spoil(body);
        await expect(subject().put(key, body, putOptions())).rejects.toThrow(/before it could be read/);
        await expectNothingLeft(key);
      }
    });

    test.each(SIZES)(
      'aborted after %i bytes rejects with the reason, destroys the body and leaves nothing',
      async (size) => {
        const key = newKey();
        const { body, paused } = pausingAfter(size);
        const caller = new AbortController();
        const reason = new Error('the deadline passed');
        const rejected = expect(subject().put(key, body, putOptions({ signal: caller.signal }))).rejects.toBe(reason);
        await paused;
        caller.abort(reason);
        await rejected;
        expect(body.destroyed).toBe(true);
        await expectNothingLeft(key);
      },
    );

    test('aborted while its body sends nothing rejects with the reason and leaves nothing', async () => {
      const key = newKey();
      const caller = new AbortController();
      const stuck = Readable.from(
        (async function* () {
          yield* chunksOf(9 * MIB);
          setImmediate(() => caller.abort(new Error('the deadline passed')));
          await new Promise(() => undefined);
        })(),
        { objectMode: false },
      );
      const putting = subject().put(key, stuck, putOptions({ signal: caller.signal }));
      await expect(putting).rejects.toThrow('the deadline passed');
      await expectNothingLeft(key);
    });

    test('aborted with a reason that is not an Error rejects with that reason', async () => {
      const key = newKey();
      const { body, paused } = pausingAfter(10);
      const caller = new AbortController();
      const rejected = expect(subject().put(key, body, putOptions({ signal: caller.signal }))).rejects.toBe('stop');
      await paused;
      caller.abort('stop');
      await rejected;
      await expectNothingLeft(key);
    });

    test('aborted before it began rejects with the reason and leaves nothing', async () => {
      const key = newKey();
      const signal = AbortSignal.abort(new Error('not today'));
      await expect(subject().put(key, generated(10), putOptions({ signal }))).rejects.toBe(signal.reason);
      await expectNothingLeft(key);
    });

    test.each([10, 9 * MIB])('of %i bytes that is aborted when its body ends stores all or nothing', async (size) => {
      const key = newKey();
      const body = generated(size);
      const caller = new AbortController();
      const putting = subject().put(key, body, putOptions({ signal: caller.signal }));
      body.once('end', () => setImmediate(() => caller.abort(new Error('too late'))));
      const outcome = await putting.then(
        () => 'stored',
        (error: unknown) => error,
      );
      if (outcome === 'stored') {
        expect((await subject().stat(key))?.size).toBe(size);
        return;
      }
      expect(outcome).toBe(caller.signal.reason);
      await expectNothingLeft(key);
    });

    test('succeeds after a failed put with the same key', async () => {
      const key = newKey();
      const broken = new Error('once');
      await expect(subject().put(key, breakingAfter(10, broken), putOptions())).rejects.toBe(broken);
      await subject().put(key, Readable.from([Buffer.from('again')]), putOptions());
      expect(await textOf(await subject().open(key))).toBe('again');
    });
  });
}
