import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as StackSources from '../../src/stack-sources.js';
import { ROOT } from '../support/docs-pages.js';

const DIST = join(ROOT, 'dist');
// The built module: it reads the source maps beside itself.
const BUILT: string = pathToFileURL(join(DIST, 'stack-sources.js')).href;
const { withSources } = (await import(BUILT)) as typeof StackSources;

/** Where a text stands in a file: `{line}:{column}`, both from 1, as in a stack. */
function placeOf(text: string, content: string): string {
  const lines = content.slice(0, content.indexOf(text)).split('\n');
  return `${String(lines.length)}:${String(lines.at(-1)!.length + 1)}`;
}

/** The line of a source in which the text stands. */
const lineOf = (text: string, source: string): string =>
  placeOf(text, readFileSync(join(ROOT, source), 'utf8')).split(':')[0]!;

/** A stack frame for the text, in the bundle that has it. */
function frameOf(text: string): string {
  const bundles = ['main.js', ...readdirSync(join(DIST, 'chunks')).map((name) => `chunks/${name}`)];
  for (const bundle of bundles.filter((name) => name.endsWith('.js'))) {
    const content = readFileSync(join(DIST, bundle), 'utf8');
    if (content.includes(text))
      return `    at run (${pathToFileURL(join(DIST, bundle)).href}:${placeOf(text, content)})`;
  }
  throw new Error(`No bundle has ${text}.`);
}

describe('withSources', () => {
  it.each([
    ['of the server', 'Lectern stops because of an unexpected error', 'src/main.ts'],
    ['in a chunk', 'SHUTDOWN_GRACE_SECONDS', 'src/config/table.ts'],
    ['of a package', 'document must have an _id before saving', 'node_modules/mongoose/lib/model.js'],
  ])('names a source %s and its line', (_case, text, source) => {
    const stack = `Error: no\n${frameOf(text)}\n    at node:internal/process:1:2`;
    expect(withSources(stack)).toBe(
      `Error: no\n    at run (${source}:${lineOf(text, source)})\n    at node:internal/process:1:2`,
    );
  });

  it('keeps other places', () => {
    const missing = `${pathToFileURL(DIST).href}/gone.js:1:2`;
    const outside = `${pathToFileURL(join(ROOT, 'build.js')).href}:1:2`;
    const text = `at (${missing}), at ${outside}, at file:///etc/passwd:1:2`;
    expect(withSources(text)).toBe(text);
  });
});
