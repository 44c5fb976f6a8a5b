import { readFile, writeFile } from 'node:fs/promises';
import { printLecternSchema } from '../schema.js';

/** Writes schema/schema.graphql. With --check it writes nothing, and exits with code 1 when the file is outdated. */
const FILE = new URL('../../schema/schema.graphql', import.meta.url);

const schema = printLecternSchema();
if (process.argv.includes('--check')) {
  const written = await readFile(FILE, 'utf8').catch(() => '');
  if (written !== schema) {
    process.stderr.write('schema/schema.graphql is stale. Run: npm run schema\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(FILE, schema);
}
