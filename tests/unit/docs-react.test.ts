import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allPages, ROOT } from '../support/docs-pages.js';
import { typeErrors } from '../support/docs-react.js';

const blocks = allPages().flatMap(({ fences }) => fences.filter(({ language }) => language === 'tsx'));

it('every React example is a file of its own', () => {
  const names = blocks.map(({ filename }) => filename);
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^\w+\.tsx?$/);
});

it('every React example is right to TypeScript, with Apollo Client and React', () => {
  expect(typeErrors(blocks)).toEqual([]);
});

it('the packages that the README names are those that the examples are checked with', () => {
  const { devDependencies, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const named = /^npm install (.+)$/m.exec(readme)?.[1]?.split(' ') ?? [];
  expect(named).toContain('@apollo/client');
  for (const name of named) expect({ ...devDependencies, ...dependencies }).toHaveProperty([name]);
});
