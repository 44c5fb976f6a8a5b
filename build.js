// Builds dist/ from src/: `npm run build`. Does nothing when nothing has changed since the last complete build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';

/** Everything that determines what is built. package-lock.json holds the versions of the compilers. */
const INPUTS = [
  'src',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'build.js',
  'server.build.js',
  'upload-client.build.js',
  'studio.build.js',
  'explorer.build.js',
];
/** The hash of the inputs of the last complete build, and what it wrote. Removed before a build, and written at its end. */
const BUILT_FROM = 'dist/.built.json';
/** What tsc knows of its last build. Without it, tsc writes every file. */
const TSC_STATE = 'dist/.tsbuildinfo';
/** Folders of src that tsc does not compile: bundlers do. */
const BUNDLED = ['upload-client', 'studio'];
/** Where in dist the bundlers write. */
const BUNDLED_TO = [...BUNDLED, 'explorer', 'chunks'];

const from = hashOf(INPUTS.flatMap(filesUnder));
const last = existsSync(BUILT_FROM) ? JSON.parse(readFileSync(BUILT_FROM, 'utf8')) : undefined;
if (last?.from === from && last.files.every((path) => existsSync(path))) process.exit();

mkdirSync('dist', { recursive: true });
rmSync(BUILT_FROM, { force: true });
// tsc believes that files which it has written are still there.
if ([...compiled()].some((path) => !existsSync(`${path}.js`))) rmSync(TSC_STATE, { force: true });
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);
for (const path of stale()) rmSync(path);
// NODE_ENV is that of the server. The bundles are those for production in any case.
process.env.NODE_ENV = 'production';
await import('./server.build.js');
await import('./upload-client.build.js');
await import('./studio.build.js');
await import('./explorer.build.js');
chmodSync('dist/cli/main.js', 0o755);
writeFileSync(BUILT_FROM, JSON.stringify({ from, files: filesUnder('dist') }));

/** The files in a folder and its subfolders; of a file, the file itself. */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.sort()) hash.update(`${path}\0`).update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

/** The files that tsc writes, without their endings. */
function compiled() {
  const sources = filesUnder('src').map((path) => relative('src', path));
  const ofTsc = sources.filter((path) => !BUNDLED.includes(path.split('/')[0]) && /(?<!\.d)\.tsx?$/.test(path));
  return new Set(ofTsc.map((path) => join('dist', path.replace(/\.tsx?$/, ''))));
}

/** What an earlier build wrote from a source that is gone. */
function stale() {
  const present = compiled();
  return filesUnder('dist').filter((path) => {
    const [top] = relative('dist', path).split('/');
    const isBundled = BUNDLED_TO.some((name) => top === name || top.startsWith(`${name}.`));
    return !isBundled && /\.js(\.map)?$/.test(path) && !present.has(path.replace(/\.js(\.map)?$/, ''));
  });
}
