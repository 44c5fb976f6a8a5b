import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { measureSlowness } from './tests/support/slowness.js';

const onMongodb = process.env.TEST_DATABASE === 'mongodb';
/** `npm run test:all`; see tests/support/scope.ts. */
const everything = process.env.TEST_SCOPE === 'all';
const notNow = everything ? [] : ['**/*.long.test.ts'];
const slowness = await measureSlowness();

/** What takes minutes begins first, so that no worker is alone with it in the end. */
const LONG = ['tests/crash/', 'migration', 'storage-hangs', 'reconcile', 'doctor', 'races', 'database-faults'];
/** The kills make so many databases that SecantusDB is slower ever after: on MongoDB they come last. */
const LAST_ON_MONGODB = ['tests/crash/kills-'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isOf =
      (parts: readonly string[]) =>
      ({ moduleId }: TestSpecification): boolean =>
        parts.some((part) => moduleId.includes(part));
    const sorted = await super.sort(files);
    const isLast = isOf(onMongodb ? LAST_ON_MONGODB : []);
    const isLong = isOf(LONG);
    const rank = (file: TestSpecification): number => (isLast(file) ? 2 : isLong(file) ? 0 : 1);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** What speaks of HTTP, files and storages, whatever the database, runs once: with the embedded database. */
const OF_NO_DATABASE = [
  'tests/contract/*storage*',
  'tests/integration/{cors,docs*,early-refusals,files*,forged-tokens,fuzz,graphql-audits,graphql-cop,hostile-content}.test.ts',
  'tests/integration/{bounded-memory.long,disk-faults,large-uploads,log-secrets,measures,media-meter}.test.ts',
  'tests/integration/{multipart-conformance,stalled-requests.long,storage-hangs.long}.test.ts',
  'tests/integration/{no-hang,playback,rate-limits,real-media,request-log}.test.ts',
  'tests/integration/upload-client/*',
  'tests/integration/{broken-uploads,measures,refused-uploads,signed-urls,upload-clients,upload-limit,validation}.test.ts',
];

// Decorators: Vite's compiler reads `experimentalDecorators` and `useDefineForClassFields` from tsconfig.json, so a decorated
// field without a value is no property here either. Neither it nor tsc writes type metadata: every decorator names its type.
export default defineConfig({
  // One copy of graphql in the process: what Node loads for type-graphql, not the module build that Vite would choose.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    pool: 'forks',
    // One worker runs many files: loading the server, the AWS SDK and mongoose takes longer than most files. setup.ts ends
    // what a file has left behind.
    isolate: false,
    // Many tests wait for a server that starts, stops or is killed: more workers than cores keep the cores busy. On MongoDB
    // all share one server, which more workers only make slower.
    maxWorkers: onMongodb ? 2 : 4,
    // Many of these wait for a time-out of the server.
    maxConcurrency: 20,
    sequence: { sequencer: LongFirst },
    provide: { slowness, everything },
    // No retries: a test that passes at the second try tells of a race.
    testTimeout: 60_000 * slowness,
    hookTimeout: 120_000 * slowness,
    setupFiles: ['tests/support/setup.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], exclude: notNow } },
      {
        extends: true,
        test: {
          // What needs a server: a run restricted to unit tests starts none, because a global setup runs only with its project.
          name: 'servers',
          include: ['tests/{contract,integration,crash}/**/*.test.ts'],
          exclude: [...notNow, ...(onMongodb ? OF_NO_DATABASE : [])],
          globalSetup: ['tests/support/global-setup.ts'],
        },
      },
    ],
  },
});
