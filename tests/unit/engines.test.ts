import { readFileSync } from 'node:fs';
import semver from 'semver';
import { expect, it } from 'vitest';

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

it('every package that npm ci installs supports the oldest Node.js version that Lectern supports', () => {
  const { engines } = read('package.json') as { engines: { node: string } };
  const oldest = semver.minVersion(engines.node)!;
  const { packages } = read('package-lock.json') as { packages: Record<string, { engines?: { node?: string } }> };
  expect(Object.keys(packages).length).toBeGreaterThan(500);
  // npm would warn about each of these (EBADENGINE).
  const tooNew = Object.entries(packages)
    .filter(([, { engines: needed }]) => needed?.node !== undefined && !semver.satisfies(oldest, needed.node))
    .map(([name]) => name);
  expect(tooNew).toEqual([]);
});
