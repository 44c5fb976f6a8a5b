import type { UploadFile } from './multipart.js';

const SAMPLES_PER_SECOND = 192_000;
const CHANNELS = 2;
const BYTES_PER_SAMPLE = 2;
const BYTES_PER_SECOND = SAMPLES_PER_SECOND * CHANNELS * BYTES_PER_SAMPLE;

/**
 * Silence as a WAV file with 768,000 bytes per second, so that no browser buffers a whole minute. The format is RIFF,
 * with a `fmt ` chunk for PCM (format 1) and a `data` chunk.
 */
export function longSound(seconds: number): UploadFile {
  const size = seconds * BYTES_PER_SECOND;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(head.length - 8 + size, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(CHANNELS, 22);
  head.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  head.writeUInt32LE(BYTES_PER_SECOND, 28);
  head.writeUInt16LE(CHANNELS * BYTES_PER_SAMPLE, 32);
  head.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(size, 40);
  const second = Buffer.alloc(BYTES_PER_SECOND);
  return {
    filename: 'long.wav',
    contentType: 'audio/wav',
    size: head.length + size,
    chunks: () => [head, ...Array.from({ length: seconds }, () => second)],
  };
}
