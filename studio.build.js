// Builds src/studio to dist/studio, which the server serves (src/http/studio.ts). Refuses a first load that is too large.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const SOURCE = 'src/studio';
const BUILT = 'dist/studio';

/** The page of all courses with all that it loads before it shows them, in bytes of gzip. */
const MAX_FIRST_LOAD = 150 * 1024;
const FIRST_PAGE = 'courses/courses-page.tsx';

await build({
  configFile: false,
  root: SOURCE,
  // Relative to the `<base>` of the page, which has the path prefix of the server.
  base: './',
  logLevel: 'warn',
  define: { 'globalThis.__DEV__': 'false' },
  build: {
    outDir: `../../${BUILT}`,
    emptyOutDir: true,
    manifest: true,
    // The Content-Security-Policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Browsers that have `light-dark()`, `popover` and nested CSS.
    target: ['chrome123', 'edge123', 'firefox125', 'safari17.5'],
  },
});

// Served to browsers that take gzip (src/http/studio.ts).
for (const name of await readdir(`${BUILT}/assets`)) {
  const path = `${BUILT}/assets/${name}`;
  if (/\.(js|css)$/.test(name)) await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
}

const manifest = JSON.parse(await readFile(`${BUILT}/.vite/manifest.json`, 'utf8'));
const files = new Set();
for (const name of ['index.html', FIRST_PAGE]) collect(name);
let size = 0;
for (const file of files) size += (await stat(`${BUILT}/${file}.gz`)).size;
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
if (size > MAX_FIRST_LOAD) {
  const all = (await readdir(`${BUILT}/assets`)).join(', ');
  throw new Error(`The first load of the studio is ${kib(size)} of gzip; ${kib(MAX_FIRST_LOAD)} are allowed. ${all}`);
}
console.log(`The first load of the studio is ${kib(size)} of gzip.`);

/** Adds the files of a module and of what it imports statically. */
function collect(name) {
  const { file, css = [], imports = [] } = manifest[name];
  for (const one of [file, ...css]) files.add(one);
  for (const imported of imports) if (!files.has(manifest[imported].file)) collect(imported);
}
