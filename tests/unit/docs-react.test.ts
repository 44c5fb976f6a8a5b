import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPage, ROOT } from '../support/docs-pages.js';
import { patience } from '../support/patience.js';
import { createReactProject, reactFiles, type ReactProject } from '../support/react-project.js';

const blocks = reactFiles();

it('every React example is a file of its own', () => {
  const names = blocks.map(({ filename }) => filename);
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[\w-]+(\.\w+)?\.tsx?$/);
});

it('the types that the README gives for apollo-upload-client are those of the tests, in four lines', () => {
  const given = readPage('README.md').fences.find(({ filename }) => filename === 'apollo-upload-client.d.ts');
  expect(given?.text).toBe(readFileSync(join(ROOT, 'tests/support/apollo-upload-client.d.ts'), 'utf8'));
  expect(given?.text.trim().split('\n')).toHaveLength(4);
});

describe("in Vite's template react-ts", () => {
  /** The newer ones are packages of their own: see tests/typescripts/package.json. */
  const TYPESCRIPTS = {
    'TypeScript 5.9': 'node_modules/typescript',
    'TypeScript 6': 'tests/typescripts/node_modules/typescript6',
    'TypeScript 7': 'tests/typescripts/node_modules/typescript7',
  };
  const isRun = (folder: string): boolean =>
    existsSync(join(ROOT, folder)) || process.env['REQUIRE_TYPESCRIPTS'] === '1';

  let project: ReactProject;
  beforeAll(async () => {
    project = await createReactProject();
  });
  afterAll(() => project.remove());

  for (const [name, folder] of Object.entries(TYPESCRIPTS)) {
    it.skipIf(!isRun(folder))(`${name} accepts every React example`, { timeout: patience(120_000) }, async () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string };
      expect(`TypeScript ${version}`).toContain(name);
      expect(await project.typeErrors(join(ROOT, folder))).toBe('');
    });
  }
});
