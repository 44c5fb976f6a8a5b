// Builds the server and the commands: each of PROGRAMS becomes a bundle, in place of the module that tsc wrote to dist, so
// that Node.js reads a few files when it starts, not two thousand. All other modules in dist stay as tsc wrote them.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { rolldown } from 'rolldown';

const SOURCE = resolve('src');
const BUILT = 'dist';
/** Code that several programs need, and code that is loaded on demand. */
const CHUNKS = 'chunks';

/** The licences of the packages that are in the bundles. */
const LICENCES = 'third-party-licences.txt';

/** What Node.js runs, the workers among them. Tests run commands by `cli/program`. */
const PROGRAMS = [
  'main',
  'cli/main',
  'cli/program',
  'database/embedded/worker',
  'media/content/hashing.worker',
  'media/content/measuring.worker',
];
/** They load machine code, which they find by their own place in node_modules. */
const EXTERNAL = ['sharp', '@photostructure/sqlite'];

/** Stands for `import.meta.url` until it is known which file a module becomes a part of. */
const MODULE_URL = 'LECTERN_MODULE_URL';

/** Gives each module the `import.meta.url` that it has as tsc writes it, so that it finds other files in the same way. */
const moduleUrls = {
  name: 'module-urls',
  transform: {
    filter: { id: { include: /\.ts$/, exclude: /node_modules/ }, code: 'import.meta.url' },
    handler(code, id) {
      const built = relative(SOURCE, id).replace(/\.ts$/, '.js');
      return { code: code.replaceAll('import.meta.url', `${MODULE_URL}("${built}")`), map: null };
    },
  },
  renderChunk(code, { fileName }) {
    if (!code.includes(MODULE_URL)) return null;
    return {
      code: code.replace(new RegExp(`${MODULE_URL}\\("(.*?)"\\)`, 'g'), (_, built) => {
        const path = relative(dirname(fileName), built);
        return `new URL("${path.startsWith('.') ? path : `./${path}`}", import.meta.url).href`;
      }),
      map: null,
    };
  },
};

/**
 * Packages with large tables that only few requests need: passwords and host names that are not ASCII. They run when they
 * are used first, not when the module runs that requires them.
 */
const ON_DEMAND = [
  { module: 'mongodb/lib/cmap/auth/scram.js', name: 'saslprep_1', requires: '@mongodb-js/saslprep' },
  { module: 'whatwg-url/lib/url-state-machine.js', name: 'tr46', requires: 'tr46' },
];

const onDemand = {
  name: 'on-demand',
  transform: {
    filter: { id: new RegExp(`/node_modules/(${ON_DEMAND.map(({ module }) => module).join('|')})$`) },
    handler(code, id) {
      const { name, requires } = ON_DEMAND.find(({ module }) => id.endsWith(module));
      const [before, after, ...more] = code.split(`const ${name} = require("${requires}");`);
      if (after === undefined || more.length > 0) throw new Error(`${id} no longer requires ${requires} in one place.`);
      return { code: before + after.replaceAll(`${name}.`, `require("${requires}").`), map: null };
    },
  },
};

/** Tables as texts: Node.js parses them faster than the same as code, and only when they are used. */
const jsonTexts = {
  name: 'json-texts',
  transform: {
    filter: { id: /\/node_modules\/.*\.json$/ },
    handler: (text) => ({
      code: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(text)))});`,
      moduleType: 'js',
      map: null,
    }),
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(PROGRAMS.map((name) => [name, join(SOURCE, `${name}.ts`)])),
  platform: 'node',
  external: EXTERNAL,
  // ES modules where a package has both. Of those, what nobody imports is left out.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [moduleUrls, onDemand, jsonTexts],
});
const { output } = await bundle.generate({
  format: 'esm',
  chunkFileNames: `${CHUNKS}/[name]-[hash].js`,
  // Modules run in the order of their imports, as without a bundle.
  strictExecutionOrder: true,
  // Names of classes are names in the GraphQL schema, and of errors.
  keepNames: true,
  minify: { compress: false, mangle: false, codegen: true },
  sourcemap: true,
});
await bundle.close();

const chunks = output.filter(({ type }) => type === 'chunk');
await mkdir(join(BUILT, CHUNKS), { recursive: true });
for (const { fileName, code, map } of chunks) {
  await writeFile(join(BUILT, fileName), code);
  await writeFile(join(BUILT, `${fileName}.map`), JSON.stringify(ofLines(map)));
}
await writeFile(join(BUILT, LICENCES), await licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
// Chunks of earlier builds.
for (const name of await readdir(join(BUILT, CHUNKS))) {
  const isCurrent = chunks.some(({ fileName }) => `${CHUNKS}/${name}`.replace(/\.map$/, '') === fileName);
  if (!isCurrent) await rm(join(BUILT, CHUNKS, name));
}

/**
 * A source map that says from which line of which source each piece of code comes, without columns and the text of the
 * sources: a tenth of the size. The server reads it to name sources in stacks (src/stack-sources.ts).
 */
function ofLines(map) {
  const { sources, mappings } = map ?? { sources: [], mappings: '' };
  const lines = decode(mappings).map((segments) => {
    let last = [];
    return segments.flatMap(([column, source, line]) => {
      if (source === undefined || (source === last[0] && line === last[1])) return [];
      last = [source, line];
      return [[column, source, line, 0]];
    });
  });
  return { version: 3, sources, names: [], mappings: encode(lines) };
}

/** The files about the licences of the packages to which these modules belong, each under the name of the package. */
async function licencesOf(moduleIds) {
  const folders = new Set(moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id) ?? []));
  const packages = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copyright)/i.test(file)).sort();
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
      return [`${name} ${version}, licence: ${license}`, ...texts.map((text) => text.trim())].join('\n\n');
    }),
  );
  return `${packages.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
