import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { measureSlowness } from './tests/support/slowness.js';

const onMongodb = process.env.TEST_DATABASE === 'mongodb';
/** `npm run test:all`; see tests/support/scope.ts. */
const everything = process.env.TEST_SCOPE === 'all';
/** The long tests that are about the database. They run on MongoDB whatever the scope. */
const LONG_OF_DATABASE = ['races', 'database-drops', 'command-database-stops', 'migration'];
/** `!(a|b)` excludes what does not begin with a or b, so a file that begins like one of them is named too. */
const longOfOthers = [`**/!(${LONG_OF_DATABASE.join('|')}).long.test.ts`, '**/migration-kill.long.test.ts'];
const notNow = everything ? [] : onMongodb ? longOfOthers : ['**/*.long.test.ts'];
const slowness = await measureSlowness();

/**
 * The files that take longest, the longest first. They begin in this order, so that no worker is alone with one of them in
 * the end.
 */
const LONGEST = [
  'crash/direct-uploads',
  'crash/kills-s3',
  'crash/kills-local',
  'studio/video',
  'studio/uploads',
  'integration/backup',
  'migration.long',
  'broken-network.long',
  'access-matrix',
  'inert-operators',
  'upload-client/browser.long',
  'slow-and-lost.long',
  'migration-kill.long',
  'graceful-stop.long',
  'storage-hangs.long',
  'races.long',
  'database-faults',
  'storage-faults',
  'doctor',
  'fuzz',
  'reconcile',
  'upload-client/node',
  'docs',
  'direct-uploads',
  'process',
  'replacement',
];
/** The kills make so many databases that SecantusDB is slower ever after: on MongoDB they come last. */
const LAST_ON_MONGODB = ['tests/crash/kills-'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      if (onMongodb && LAST_ON_MONGODB.some((part) => moduleId.includes(part))) return LONGEST.length + 1;
      const index = LONGEST.findIndex((part) => moduleId.includes(part));
      return index === -1 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
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
  'tests/integration/{authentication,changed-secrets,clock-warning,command-line,file-parts,http-semantics}.test.ts',
  'tests/integration/{build.long,caddy.long,deploy.long,nginx.long,process-start*,storage-faults,storage-registry}.test.ts',
  'tests/integration/{access-matrix,doctor-production,metrics,permalinks}.test.ts',
  'tests/integration/studio/*',
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
    // all share one server, which needs a part of the cores itself.
    maxWorkers: onMongodb ? 3 : 4,
    // Many of these wait for a time-out of the server.
    maxConcurrency: 20,
    sequence: { sequencer: LongestFirst },
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
