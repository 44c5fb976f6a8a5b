import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { DirectUpload } from '../../src/storage/direct-uploads.js';
import { FileTokens } from '../../src/storage/file-token.js';
import { LocalStorage } from '../../src/storage/local/local-storage.js';
import { DEFAULT_TIMINGS } from '../../src/timings.js';
import { PowerCut, type Synced } from './power-cut.js';

const KIB = 1024;
const PART = 64 * KIB;
const PARTS = 3;
/** The part that is written when the power is cut. Those beside it were written before. */
const WRITTEN = 2;
const START = (WRITTEN - 1) * PART;
const KEY = 'videos/0190f2f4-0000-7000-8000-000000000000/lesson.mp4';
const { signal } = new AbortController();

/**
 * What a power cut may leave of a file that was changed since it was synced: nothing of the changes, all of them, or the
 * first half of the part. A kill leaves all of them.
 */
const REMAINS = ['synced', 'written', 'torn'] as const;
type Remains = (typeof REMAINS)[number];
/** A mark is one small write, which is carried out or not. */
const OF_MARKS = ['synced', 'written'] as const;

const content = (seed: number): Buffer => Buffer.alloc(PART, seed);

describe('a part on a local disk, when the power is cut while it is written', () => {
  let directory: string;
  let upload: DirectUpload;

  /** A new upload, with the parts beside the one that is written. */
  async function begin(): Promise<void> {
    directory = await mkdtemp(join(tmpdir(), 'lectern-power-'));
    const size = PARTS * PART;
    const uploadId = await storageIn(directory).direct.begin(KEY, { contentType: 'video/mp4', size, sessionId: 's' });
    upload = { key: KEY, uploadId, sessionId: 's', size, partSize: PART };
    for (const number of [1, 3]) await receive(number, content(number));
  }
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });

  function storageIn(folder: string): LocalStorage {
    return new LocalStorage({
      directory: folder,
      publicUrl: () => 'http://localhost',
      tokens: new FileTokens(randomBytes(32)),
      // The writer shows with every chunk that it is alive.
      timings: { ...DEFAULT_TIMINGS, partSilence: 0 },
    });
  }

  afterEach(remove);

  /** In several writes, as a request brings its bytes. */
  async function receive(number: number, bytes: Buffer): Promise<void> {
    const part = { key: KEY, uploadId: upload.uploadId, number, size: PART, offset: (number - 1) * PART };
    const chunks = Array.from({ length: 4 }, (_, i) => bytes.subarray(i * 16 * KIB, (i + 1) * 16 * KIB));
    await storageIn(directory).direct.receivePart(part, Readable.from(chunks), signal);
  }

  /** The parts that the next server lists, when this remains of the bytes and of the marks. */
  async function listedAfter(synced: Synced, bytes: Remains, marks: Remains): Promise<Map<number, Buffer>> {
    const copy = await mkdtemp(join(tmpdir(), 'lectern-power-'));
    try {
      await cp(directory, copy, { recursive: true });
      const folder = join(copy, KEY, '..');
      const named = async (ending: string): Promise<string> =>
        (await readdir(folder)).find((name) => name.endsWith(ending))!;
      for (const [ending, remains] of [
        ['.bytes', bytes],
        ['.marks', marks],
      ] as const) {
        const name = await named(ending);
        const { ino } = await stat(join(directory, KEY, '..', name));
        const written = await readFile(join(folder, name));
        await writeFile(join(folder, name), remainsOf(synced.get(ino), written, remains));
      }
      const all = await readFile(join(folder, await named('.bytes')));
      const parts = new Map<number, Buffer>();
      for await (const { number } of storageIn(copy).direct.listParts(upload)) {
        parts.set(number, all.subarray((number - 1) * PART, number * PART));
      }
      return parts;
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }

  /** Every outcome of a cut: a part that is listed is one of these, and those beside it are as they were. */
  async function expectWhole(synced: Synced, whole: readonly Buffer[]): Promise<void> {
    for (const bytes of REMAINS) {
      for (const marks of OF_MARKS) {
        const parts = await listedAfter(synced, bytes, marks);
        const listed = parts.get(WRITTEN);
        const isWhole = listed === undefined || whole.some((one) => one.equals(listed));
        expect(isWhole, `bytes ${bytes}, marks ${marks}`).toBe(true);
        for (const number of [1, 3]) expect(parts.get(number)?.equals(content(number))).toBe(true);
      }
    }
  }

  it.each([
    ['for the first time', undefined],
    ['over earlier bytes', content(20)],
  ])('%s: it is marked only when all of it is on the disk', async (_when, earlier) => {
    const later = content(21);
    let before = 0;
    for (; ; before++) {
      await begin();
      if (earlier) await receive(WRITTEN, earlier);
      const start = await snapshot();
      const cut = new PowerCut(before);
      const onDisk = (): Synced => new Map([...start, ...cut.onDisk]);
      const receiving = (): Promise<void> => receive(WRITTEN, later);
      await cut.during(receiving, () => expectWhole(onDisk(), earlier ? [earlier, later] : [later]));
      if (cut.hasHappened) {
        await remove();
        continue;
      }
      // It was answered 200: from now on it is there, whatever happens.
      for (const bytes of REMAINS) {
        for (const marks of OF_MARKS) {
          expect((await listedAfter(onDisk(), bytes, marks)).get(WRITTEN)?.equals(later)).toBe(true);
        }
      }
      break;
    }
    // The mark of the writer, its bytes, the mark of the whole part, each with its sync.
    expect(before).toBeGreaterThanOrEqual(6);
  });

  /** The files before the write: all that was written by then was synced. */
  async function snapshot(): Promise<Synced> {
    const folder = join(directory, KEY, '..');
    const files = (await readdir(folder)).map(async (name) => {
      const file = join(folder, name);
      return [(await stat(file)).ino, await readFile(file)] as const;
    });
    return new Map(await Promise.all(files));
  }
});

/** `synced`: what the disk had at the last sync. */
function remainsOf(synced: Buffer | undefined, written: Buffer, remains: Remains): Buffer {
  if (synced === undefined || remains === 'written') return written;
  if (remains === 'synced') return synced;
  const torn = Buffer.from(synced);
  written.copy(torn, START, START, START + PART / 2);
  return torn;
}
