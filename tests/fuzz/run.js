// Node 20 runs no TypeScript, and the tests are built by nobody: Vite, which vitest brings along, runs them as they are.
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('main.ts', import.meta.url)), {
  logLevel: 'error',
});
process.exitCode = await module.main(process.argv.slice(2));
