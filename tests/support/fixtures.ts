import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A file of a client. A signed URL must return the same bytes that were uploaded. */
export interface SampleFile {
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: string;
  /** Yields the bytes in chunks. Each call starts at the beginning. */
  chunks(): Iterable<Uint8Array<ArrayBuffer>>;
  stream(): Readable;
  /** All bytes, in memory. Do not use it for very large files. */
  readonly bytes: Buffer<ArrayBuffer>;
}

/** A file in tests/fixtures. The README there says how each was made. */
export interface Fixture extends SampleFile {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Null for still images, and for the GIF, which is not measured. */
  readonly durationSeconds: number | null;
}

type Facts = Pick<Fixture, 'contentType' | 'size' | 'sha256' | 'width' | 'height' | 'durationSeconds'>;

function fixture(filename: string, facts: Facts): Fixture {
  const path = fileURLToPath(new URL(`../fixtures/${filename}`, import.meta.url));
  let read: Buffer<ArrayBuffer> | undefined;
  return {
    filename,
    path,
    ...facts,
    get bytes() {
      return (read ??= readFileSync(path));
    },
    chunks() {
      return [this.bytes];
    },
    stream() {
      return Readable.from(this.chunks());
    },
  };
}

export const fixtures = {
  video: fixture('video.mp4', {
    contentType: 'video/mp4',
    size: 52816,
    sha256: '658d627b746340391741a6b3ab83f867240ddceab4a26db7bc9a1ea8509bb6a0',
    width: 320,
    height: 180,
    durationSeconds: 2,
  }),
  webm: fixture('video.webm', {
    contentType: 'video/webm',
    size: 44561,
    sha256: 'e37a9b6f2537bab19aee8a697b3c6085d6e4ea32ea8ec34f36db71d4e70053ba',
    width: 320,
    height: 180,
    durationSeconds: 2,
  }),
  quicktime: fixture('video.mov', {
    contentType: 'video/quicktime',
    size: 52871,
    sha256: '9faa61c1b5515216b5346a77bdf65e610e26ac2158906a1208d4cb027dd59d57',
    width: 320,
    height: 180,
    durationSeconds: 2,
  }),
  matroska: fixture('video.mkv', {
    contentType: 'video/matroska',
    size: 51667,
    sha256: '588e26de3e96d20263767e9f6537a2d41bb54e321e111db85bc3444bba49f404',
    width: 320,
    height: 180,
    durationSeconds: 2,
  }),
  intro: fixture('intro.mp4', {
    contentType: 'video/mp4',
    size: 12509,
    sha256: '658ecb160c4ce977b8b8ce5bf56e4d7c2203a46ba2306b470ce1fd106b25f7c7',
    width: 320,
    height: 180,
    durationSeconds: 1,
  }),
  thumbnail: fixture('thumbnail.jpg', {
    contentType: 'image/jpeg',
    size: 18544,
    sha256: 'd4277fce0ffa89bd42cebfda8c076b37f5134473b73beb3d64075ec807270072',
    width: 640,
    height: 360,
    durationSeconds: null,
  }),
  png: fixture('image.png', {
    contentType: 'image/png',
    size: 1998,
    sha256: 'fe2ceeab3ef2988d77dfb291f671dd428e631d09318d5314c2c458e7db3bb4e8',
    width: 320,
    height: 180,
    durationSeconds: null,
  }),
  webp: fixture('image.webp', {
    contentType: 'image/webp',
    size: 2506,
    sha256: 'f01aeda481561a4f2f91fb73f13a18a927a3147201918e7d4a5e15c0a7f2e15f',
    width: 320,
    height: 180,
    durationSeconds: null,
  }),
  gif: fixture('image.gif', {
    contentType: 'image/gif',
    size: 7052,
    sha256: 'c44e837fdac0922724dfc4a088a5264621c1d4ff6e51b28c04fd13436094b7d8',
    width: 160,
    height: 90,
    durationSeconds: null,
  }),
  avif: fixture('image.avif', {
    contentType: 'image/avif',
    size: 1258,
    sha256: 'f9f91b135f4efbbcbb2c28e88401866efc16512a29e5e2a9d6bbf212a4943f41',
    width: 320,
    height: 180,
    durationSeconds: null,
  }),
} as const;

/**
 * A valid MP4 of any size: the fixture with a `free` box after it, which players skip (ISO/IEC 14496-12, 8.1.2). Bytes
 * are generated while they are read, so gigabytes need no memory.
 */
export function bigMp4(size: number, filename = 'big.mp4'): SampleFile {
  const padding = size - fixtures.video.size;
  // A box has its length in 32 bits, or 1 there and its length in the 64 bits after the type.
  const long = padding > 0xffff_ffff;
  const header = Buffer.alloc(long ? 16 : 8);
  if (padding < header.length) throw new RangeError(`An MP4 made from the fixture has more than ${size} bytes.`);
  header.writeUInt32BE(long ? 1 : padding, 0);
  header.write('free', 4, 'latin1');
  if (long) header.writeBigUInt64BE(BigInt(padding), 8);
  return generated(filename, 'video/mp4', size, function* () {
    yield fixtures.video.bytes;
    yield header;
    yield* noise(padding - header.length);
  });
}

/** A valid JPEG of any size, with comment segments after the JFIF header (ITU-T T.81, B.2.4.5). */
export function bigJpeg(size: number, filename = 'big.jpg'): SampleFile {
  const original = fixtures.thumbnail.bytes;
  const afterJfif = 2 + 2 + original.readUInt16BE(4);
  return generated(filename, 'image/jpeg', size, function* () {
    yield original.subarray(0, afterJfif);
    for (const length of pieces(size - original.length, 4, 0xffff + 2)) {
      const header = Buffer.from([0xff, 0xfe, 0, 0]);
      header.writeUInt16BE(length - 2, 2);
      yield header;
      yield* noise(length - header.length);
    }
    yield original.subarray(afterJfif);
  });
}

/** A valid PNG of any size, with private ancillary chunks, which decoders ignore (PNG specification, 5.4). */
export function bigPng(size: number, filename = 'big.png'): SampleFile {
  const original = fixtures.png.bytes;
  const end = original.length - 12;
  return generated(filename, 'image/png', size, function* () {
    yield original.subarray(0, end);
    for (const length of pieces(size - original.length, 12, 1024 * 1024)) {
      const typeAndData = Buffer.concat([Buffer.from('paDd', 'latin1'), ...noise(length - 12)]);
      const lengthField = Buffer.alloc(4);
      lengthField.writeUInt32BE(length - 12);
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(typeAndData));
      yield Buffer.concat([lengthField, typeAndData, checksum]);
    }
    yield original.subarray(end);
  });
}

function generated(
  filename: string,
  contentType: string,
  size: number,
  chunks: () => Generator<Uint8Array<ArrayBuffer>>,
): SampleFile {
  let sha256: string | undefined;
  return {
    filename,
    contentType,
    size,
    chunks,
    get sha256() {
      if (sha256 === undefined) {
        const hash = createHash('sha256');
        for (const chunk of chunks()) hash.update(chunk);
        sha256 = hash.digest('hex');
      }
      return sha256;
    },
    get bytes() {
      return Buffer.concat([...chunks()]);
    },
    stream() {
      return Readable.from(chunks());
    },
  };
}

/** Splits `total` into lengths between `least` and `most`. No length is shorter than `least`. */
function* pieces(total: number, least: number, most: number): Generator<number> {
  if (total < least) throw new RangeError(`Too small: the fixture and its padding need ${least - total} bytes more.`);
  for (let left = total; left > 0;) {
    const length = left > most && left - most < least ? most - least : Math.min(left, most);
    yield length;
    left -= length;
  }
}

const block = createHash('shake256', { outputLength: 64 * 1024 })
  .update('Lectern')
  .digest();

/** Random bytes. All blocks differ, so a block that is lost, repeated or out of order changes the checksum. */
function* noise(length: number): Generator<Buffer<ArrayBuffer>> {
  for (let done = 0; done < length; done += block.length) {
    const piece = Buffer.from(block.subarray(0, Math.min(block.length, length - done)));
    if (piece.length >= 8) piece.writeBigUInt64BE(BigInt(done), 0);
    yield piece;
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** Like zlib.crc32, which Node 20 does not have. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (crcTable[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
