import { fixtures } from '../../support/fixtures.js';

/** An MP4 as many cameras write it: its index (`moov`) comes after its media data. It plays like fixtures.video. */
export function filmWithLateIndex(): Buffer {
  const film = Buffer.from(fixtures.video.bytes);
  const from = boxAt(film, 'moov');
  const to = from + film.readUInt32BE(from);
  const index = Buffer.from(film.subarray(from, to));
  // The positions of the chunks, which move towards the beginning by the length of the index (ISO/IEC 14496-12, 8.7.5).
  for (let at = index.indexOf('stco'); at !== -1; at = index.indexOf('stco', at + 4)) {
    const count = index.readUInt32BE(at + 8);
    for (let n = 0; n < count; n++) {
      const entry = at + 12 + 4 * n;
      index.writeUInt32BE(index.readUInt32BE(entry) - index.length, entry);
    }
  }
  return Buffer.concat([film.subarray(0, from), film.subarray(to), index]);
}

/**
 * fixtures.video whose sample entries (ISO/IEC 14496-12, 8.5.2) name other codecs: HEVC for the picture, AC-3 for the sound.
 * The samples are still H.264 and AAC, so it cannot be played.
 */
export function filmWithRareCodecs(): Buffer {
  const film = Buffer.from(fixtures.video.bytes);
  for (const [common, rare] of [
    ['avc1', 'hvc1'],
    ['mp4a', 'ac-3'],
  ] as const) {
    film.write(rare, film.indexOf(common, boxAt(film, 'moov')), 'latin1');
  }
  return film;
}

/** The position of a box on the top level. */
function boxAt(bytes: Buffer, type: string): number {
  let at = 0;
  while (bytes.toString('latin1', at + 4, at + 8) !== type) at += bytes.readUInt32BE(at);
  return at;
}
