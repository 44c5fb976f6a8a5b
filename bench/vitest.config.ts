import { defineConfig } from 'vitest/config';

// Measurements, run by `npm run bench` on a machine that does nothing else: one after the other, never with the tests.
export default defineConfig({
  test: {
    include: ['bench/**/*.bench.ts'],
    setupFiles: ['reflect-metadata'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
