// Builds src/upload-client to one ES module and its declarations, which the server serves (src/http/upload-client.ts).
import { readFile, writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { isolatedDeclaration } from 'rolldown/experimental';

const SOURCE = 'src/upload-client';
const BUILT = 'dist/upload-client';

const bundle = await rolldown({ input: `${SOURCE}/index.ts`, platform: 'neutral' });
await bundle.write({ file: `${BUILT}.js`, format: 'esm', codeSplitting: false, minify: true });
await bundle.close();

// api.ts imports nothing, so both files together are whole without their imports from each other.
const declarations = await Promise.all(['api.ts', 'index.ts'].map((name) => declarationsOf(`${SOURCE}/${name}`)));
await writeFile(`${BUILT}.d.ts`, declarations.join('').replace(/^(import|export) .* from ".*";\n/gm, ''));

async function declarationsOf(path) {
  const { code, errors } = await isolatedDeclaration(path, await readFile(path, 'utf8'));
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return code;
}
