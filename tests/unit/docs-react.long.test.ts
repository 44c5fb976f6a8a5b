import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/docs-pages.js';
import { patience } from '../support/patience.js';
import { createReactProject, type ReactProject } from '../support/react-project.js';

describe("the React examples in Vite's template react-ts", () => {
  /** The newer compilers are packages of their own: see tests/typescripts/package.json. */
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
    it.skipIf(!isRun(folder))(`${name} accepts every example`, { timeout: patience(120_000) }, async () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string };
      expect(`TypeScript ${version}`).toContain(name);
      expect(await project.typeErrors(join(ROOT, folder))).toBe('');
    });
  }
});
