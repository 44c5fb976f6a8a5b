import { createHash } from 'node:crypto';
import { fixtures } from '../../support/fixtures.js';

const MIB = 1024 * 1024;

/** A video of about `mebibytes` MiB, and its SHA-256. Another seed gives other bytes of the same size. */
export function largeVideo(mebibytes: number, seed = 1): { readonly file: File; readonly sha256: string } {
  const film = Buffer.from(fixtures.video.bytes);
  const filler = noise(mebibytes * MIB, seed);
  // A box that players ignore (ISO/IEC 14496-12, section 8.1.2).
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + filler.length);
  head.write('free', 4, 'latin1');
  const bytes = Buffer.concat([film, head, filler]);
  return {
    file: new File([bytes], 'film.mp4', { type: 'video/mp4' }),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** Bytes without repetition. */
function noise(size: number, seed: number): Buffer {
  const words = new Uint32Array(size / 4);
  let state = seed;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = state;
  }
  return Buffer.from(words.buffer);
}

/** Returns numbers from 0 to 1, the same for each seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
