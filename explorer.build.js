// Builds src/studio/explorer to dist/explorer, which a server for development serves at /docs (src/http/explorer.ts).
import { build } from 'vite';

await build({
  configFile: false,
  root: 'src/studio/explorer',
  // Relative to the `<base>` of the page, which has the path prefix of the server.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: '../../../dist/explorer',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // GraphiQL is large. Only developers load it.
    chunkSizeWarningLimit: 2_000,
    // Browsers that have `light-dark()`, `popover` and nested CSS.
    target: ['chrome123', 'edge123', 'firefox125', 'safari17.5'],
    // Its packages say 'use client', which means nothing in a browser.
    rolldownOptions: { onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log) },
  },
});
