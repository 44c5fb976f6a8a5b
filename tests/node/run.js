// `npm run test:node -- 22`: runs the tests on another version of Node.js, which comes from the npm package `node-{platform}`,
// that of the package `node`. What follows the version goes to vitest: `npm run test:node -- 22 tests/unit`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const [version, ...args] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version ?? '')) {
  console.error('Name a version of Node.js: npm run test:node -- 22');
  process.exit(2);
}

const root = join(import.meta.dirname, '../..');
const name = `node-${process.platform}-${process.arch}`;
const folder = join(root, '.test-servers', `node-${version}`);
const bin = join(folder, 'node_modules', name, 'bin');
if (!existsSync(join(bin, 'node'))) {
  mkdirSync(folder, { recursive: true });
  run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`]);
}
// The commands that tests start find this version first, too.
const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
run('node', ['--version'], env);
run('node', [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], env);

/** Runs a program to its end. Ends this process when it fails. */
function run(program, words, env = process.env) {
  const { status } = spawnSync(program, words, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
