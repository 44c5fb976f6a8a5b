import { defineConfig } from 'vitest/config';

// Decorators: Vite's compiler reads `experimentalDecorators` and `useDefineForClassFields` from tsconfig.json, so a decorated
// field without a value is no property here either. Neither it nor tsc writes type metadata: every decorator names its type.
export default defineConfig({
  // One copy of graphql in the process: what Node loads for type-graphql, not the module build that Vite would choose.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    pool: 'forks',
    // Servers, databases and clients of one test are busy at the same time: more workers than two make time-outs, not speed.
    maxWorkers: 2,
    // Slow enough for a busy machine. No retries: a test that passes at the second try tells of a race.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    setupFiles: ['reflect-metadata'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          // What needs a server: a run restricted to unit tests starts none, because a global setup runs only with its project.
          name: 'servers',
          include: ['tests/{contract,integration,crash}/**/*.test.ts'],
          globalSetup: ['tests/support/global-setup.ts'],
        },
      },
    ],
  },
});
