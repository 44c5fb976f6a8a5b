import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPage, ROOT } from '../support/docs-pages.js';
import { reactFiles } from '../support/react-project.js';

const blocks = reactFiles();

it('every React example has a file name of its own', () => {
  const names = blocks.map(({ filename }) => filename);
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[\w-]+(\.\w+)?\.tsx?$/);
});

it('the README contains the types of apollo-upload-client that the tests use, in four lines', () => {
  const given = readPage('README.md').fences.find(({ filename }) => filename === 'apollo-upload-client.d.ts');
  expect(given?.text).toBe(readFileSync(join(ROOT, 'tests/support/apollo-upload-client.d.ts'), 'utf8'));
  expect(given?.text.trim().split('\n')).toHaveLength(4);
});
