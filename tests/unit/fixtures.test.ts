import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileTypeFromBuffer } from 'file-type';
import { describe, expect, it } from 'vitest';
import { bigJpeg, bigMp4, bigPng, fixtures, type SampleFile } from '../support/fixtures.js';

const MiB = 1024 * 1024;

function sumOf(file: SampleFile): { size: number; sha256: string } {
  const hash = createHash('sha256');
  let size = 0;
  for (const chunk of file.chunks()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}

describe.each(Object.values(fixtures))('fixture $filename', (fixture) => {
  it('has the recorded size and SHA-256', () => {
    expect(sumOf(fixture)).toEqual({ size: fixture.size, sha256: fixture.sha256 });
    expect(fixture.size).toBeLessThan(200_000);
  });

  it('has its content type', async () => {
    expect((await fileTypeFromBuffer(fixture.bytes))?.mime).toBe(fixture.contentType);
  });

  it('is in the README with its SHA-256', () => {
    const readme = readFileSync(new URL('../fixtures/README.md', import.meta.url), 'utf8');
    const row = readme.split('\n').find((line) => line.startsWith(`| ${fixture.filename} |`));
    expect(row).toContain(`| ${fixture.size} | \`${fixture.sha256}\` |`);
  });
});

describe.each([
  { make: bigMp4, original: fixtures.video, skipped: mp4Boxes, size: 9 * MiB },
  { make: bigJpeg, original: fixtures.thumbnail, skipped: jpegComments, size: 9 * MiB },
  { make: bigPng, original: fixtures.png, skipped: pngPadding, size: 9 * MiB },
])('a generated large $original.contentType', ({ make, original, skipped, size }) => {
  it('has the requested size, the same bytes each time, and the content type of its fixture', async () => {
    const file = make(size);
    expect(file.size).toBe(size);
    expect(sumOf(file)).toEqual({ size, sha256: file.sha256 });
    expect(make(size).sha256).toBe(file.sha256);
    expect(make(size + 1).sha256).not.toBe(file.sha256);
    expect((await fileTypeFromBuffer(file.bytes))?.mime).toBe(original.contentType);
  });

  it('equals the fixture when the padding is removed', () => {
    // Odd sizes leave a last padding piece that would be too short: each size must work.
    for (const extra of [16, 65_535, 65_537, 65_538, 65_539, 65_540, 65_541, MiB + 1, MiB + 11, 2 * MiB]) {
      const { bytes } = make(original.size + extra);
      expect(bytes.length).toBe(original.size + extra);
      expect(skipped(bytes).equals(original.bytes)).toBe(true);
    }
  });
});

it('an MP4 of several gigabytes is generated without being held in memory', () => {
  const size = 5 * 1024 * MiB;
  const [, header] = bigMp4(size).chunks();
  expect(Buffer.from(header ?? []).readUInt32BE(0)).toBe(1);
  expect(Buffer.from(header ?? []).readBigUInt64BE(8)).toBe(BigInt(size - fixtures.video.size));
});

function mp4Boxes(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const box = bytes.subarray(at, at + length);
    // The fixture has a `free` box of its own: only boxes after its end are padding.
    if (at < fixtures.video.size) kept.push(box);
    else expect(box.toString('latin1', 4, 8)).toBe('free');
    expect(box.length).toBe(length);
    at += length;
  }
  return Buffer.concat(kept);
}

function jpegComments(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes.readUInt16BE(at) !== 0xffda) {
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (bytes.readUInt16BE(at) !== 0xfffe) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  return Buffer.concat(kept);
}

function pngPadding(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) !== 'paDd') kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}
