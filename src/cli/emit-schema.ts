import { readFile, writeFile } from 'node:fs/promises';
import { printLecternSchema } from '../schema.js';

/** Writes schema/schema.graphql; with --check only tells whether it is up to date, by the exit code. */
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
