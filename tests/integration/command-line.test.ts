import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { spawnLectern } from '../support/cli.js';

it('lectern --version prints only the version of the package', async () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  expect(await spawnLectern({}, '--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
});

it('lectern without a command prints the list of commands to standard error and fails', async () => {
  const { exitCode, stdout, stderr } = await spawnLectern({});
  expect([exitCode, stdout]).toEqual([1, '']);
  for (const name of ['token', 'seed', 'sweep', 'reconcile', 'rebuild', 'remeasure', 'doctor', 'migrate-storage']) {
    expect(stderr).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  }
});
