// Node 20 runs no TypeScript; Vite runs the measurements as they are.
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { createServer } from 'vite';

const vite = await createServer({
  configFile: false,
  root: fileURLToPath(new URL('..', import.meta.url)),
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, watch: null, ws: false },
});
try {
  const { main } = await vite.ssrLoadModule('/bench/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await vite.close();
}
