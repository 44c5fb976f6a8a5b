import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../src/upload-client/lanes.js';
import { Progress } from '../../../src/upload-client/progress.js';
import { sendParts, type PartSending } from '../../../src/upload-client/send-parts.js';
import { TIMINGS } from '../../../src/upload-client/timings.js';
import { networkFailure } from '../../../src/upload-client/transient-failure.js';
import type { SendRequest } from '../../../src/upload-client/transport.js';
import { waitFor } from '../../support/patience.js';

const PART = 10;
const QUICK = { ...TIMINGS, firstRetry: 1, longestRetry: 2, stall: 60, progress: 0 };

/** What a storage does when a part is sent: answers a status, breaks the connection, or sends nothing. */
type Reaction = number | 'broken' | 'silent';

/** A storage that reacts as configured and records the calls. */
class Bucket {
  /** The numbers of the parts, in the order of the attempts. */
  readonly tries: number[] = [];
  readonly stored = new Map<number, string>();
  readonly signed: (readonly number[])[] = [];
  mostAtOnce = 0;
  aborted = 0;
  #atOnce = 0;

  constructor(
    private readonly size: number,
    private readonly react: (number: number, attempt: number) => Reaction,
  ) {}

  readonly sign: PartSending['sign'] = async (numbers) => {
    this.signed.push(numbers);
    return numbers.map((number) => ({
      number,
      method: 'PUT',
      url: `https://bucket.example/key?part=${number}`,
      headers: [{ name: 'content-type', value: 'video/mp4' }],
      size: Math.min(PART, this.size - (number - 1) * PART),
    }));
  };

  readonly send: PartSending['send'] = async ({ url, method, headers, body, onSent, signal }: SendRequest) => {
    expect({ method, headers }).toEqual({ method: 'PUT', headers: { 'content-type': 'video/mp4' } });
    const number = Number(new URL(url).searchParams.get('part'));
    this.tries.push(number);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    try {
      onSent(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      const reaction = this.react(number, this.tries.filter((tried) => tried === number).length);
      if (reaction === 'broken') throw networkFailure('storage');
      if (reaction === 'silent') await silence(signal);
      if (signal.aborted) throw signal.reason;
      if (reaction === 200) {
        onSent((body as Blob).size);
        this.stored.set(number, await (body as Blob).text());
      }
      return { status: reaction as number, text: '', retryAfter: null };
    } catch (error) {
      if (signal.aborted) this.aborted += 1;
      throw error;
    } finally {
      this.#atOnce -= 1;
    }
  };
}

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

const TEXT = '0123456789abcdefghijABCDEFGHIJ---------+++++++++=========';

interface Sent {
  readonly bucket: Bucket;
  readonly told: number[];
  readonly end: Promise<void>;
}

function sending(react: (number: number, attempt: number) => Reaction, overrides: Partial<PartSending> = {}): Sent {
  const file = new Blob([TEXT]);
  const bucket = new Bucket(file.size, react);
  const told: number[] = [];
  const progress = new Progress(file.size, ({ loaded }) => told.push(loaded), 0);
  const end = sendParts({
    endpoint: 'https://api.example/graphql',
    file,
    session: { size: file.size, partSize: PART, missingParts: [1, 2, 3, 4, 5, 6] },
    lanes: new Lanes(),
    progress,
    sign: bucket.sign,
    send: bucket.send,
    timings: QUICK,
    signal: new AbortController().signal,
    ...overrides,
  });
  return { bucket, told, end };
}

function whole({ stored }: Bucket): string {
  return Array.from({ length: 6 }, (_, index) => stored.get(index + 1) ?? '').join('');
}

describe('sendParts', () => {
  it('sends each missing part once, three at a time at first', async () => {
    const { bucket, told, end } = sending(() => 200);
    await end;
    expect(whole(bucket)).toBe(TEXT);
    expect(bucket.tries.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(bucket.mostAtOnce).toBe(3);
    expect(told.at(-1)).toBe(TEXT.length);
  });

  it('sends only missing parts', async () => {
    const session = { size: TEXT.length, partSize: PART, missingParts: [2, 6] };
    const { bucket, end } = sending(() => 200, { session });
    await end;
    expect(Object.fromEntries(bucket.stored)).toEqual({ 2: 'abcdefghij', 6: '=======' });
  });

  it.each<[string, Reaction]>([
    ['a broken connection', 'broken'],
    ['no answer within the stall time', 'silent'],
    ['status 503', 503],
    ['status 409, which means that another connection still writes the part', 409],
    ['status 400, which means damaged bytes', 400],
  ])('tries a part again with a new signature after %s', async (_what, reaction) => {
    const { bucket, end } = sending((number, attempt) => (number === 2 && attempt < 3 ? reaction : 200));
    await end;
    expect(whole(bucket)).toBe(TEXT);
    expect(bucket.tries.filter((number) => number === 2)).toEqual([2, 2, 2]);
    expect(bucket.tries).toHaveLength(8);
    expect(bucket.signed.flat().filter((number) => number === 2)).toEqual([2, 2, 2]);
  });

  it.each([403, 404, 410])('asks for one new signature after status %i', async (status) => {
    const { bucket, end } = sending((_number, attempt) => (attempt === 1 ? status : 200));
    await end;
    expect(whole(bucket)).toBe(TEXT);
    expect(bucket.tries).toHaveLength(12);
  });

  it('aborts all parts when one is refused with a new signature too', async () => {
    const { bucket, end } = sending((number) => (number === 2 ? 403 : 'silent'), {
      timings: { ...QUICK, stall: 60_000 },
    });
    await expect(end).rejects.toMatchObject({ code: 'STORAGE_REFUSED', message: expect.stringContaining('403') });
    expect(bucket.tries.filter((number) => number === 2)).toHaveLength(2);
    expect(bucket.aborted).toBe(2);
  });

  it('does not retry after status 413', async () => {
    const { bucket, end } = sending((number) => (number === 4 ? 413 : 200));
    await expect(end).rejects.toMatchObject({ code: 'STORAGE_REFUSED', message: expect.stringContaining('413') });
    expect(bucket.tries.filter((number) => number === 4)).toHaveLength(1);
  });

  it('gives up on a storage that never accepts a part, and names CORS as a possible cause', async () => {
    const { bucket, end } = sending(() => 'broken');
    await expect(end).rejects.toMatchObject({
      code: 'NETWORK',
      retryable: true,
      message: expect.stringContaining('CORS'),
    });
    expect(Math.max(...counts(bucket.tries))).toBe(QUICK.failuresOfFirstParts);
  });

  it('retries longer when the storage accepted a part before', async () => {
    const { bucket, end } = sending((number, attempt) => (number > 1 && attempt < 20 ? 'broken' : 200));
    await end;
    expect(whole(bucket)).toBe(TEXT);
  });

  it('stops at once when the upload is paused', async () => {
    const controller = new AbortController();
    const { bucket, end } = sending((number) => (number < 3 ? 200 : 'silent'), {
      signal: controller.signal,
      timings: { ...QUICK, stall: 60_000 },
    });
    await waitFor(() => expect(bucket.tries).toHaveLength(5));
    controller.abort(new Error('paused'));
    await expect(end).rejects.toThrow('paused');
    expect(bucket.aborted).toBe(3);
    expect(bucket.tries).toHaveLength(5);
  });

  it("fails with the server's error when signing is refused", async () => {
    const { end, bucket } = sending(() => 200, { sign: async () => Promise.reject(new Error('no rights')) });
    await expect(end).rejects.toThrow('no rights');
    expect(bucket.tries).toEqual([]);
  });

  it('fails with FILE_UNREADABLE when the file can no longer be read', async () => {
    const gone = new Blob([TEXT]);
    Object.assign(gone, { slice: () => Object.assign(new Blob([]), { slice: () => ({ arrayBuffer: unreadable }) }) });
    const { end } = sending(() => 'broken', { file: gone });
    await expect(end).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('leaves one connection free when the parts go to the API server itself', async () => {
    const lanes = new Lanes();
    let left = false;
    Object.assign(lanes, { leaveOneFree: () => (left = true) });
    await sending(() => 200, { lanes }).end;
    expect(left).toBe(false);
    await sending(() => 200, { lanes, endpoint: 'https://bucket.example/graphql' }).end;
    expect(left).toBe(true);
  });
});

function unreadable(): Promise<never> {
  return Promise.reject(new DOMException('The file has changed.', 'NotReadableError'));
}

function counts(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].map((number) => numbers.filter((other) => other === number).length);
}
