import 'vitest';

declare module 'vitest' {
  /** What a run gives to its tests. */
  interface ProvidedContext {
    /** By how much deadlines are longer on this machine (patience.ts). */
    slowness: number;
    /** Whether this is `npm run test:all` (scope.ts). */
    everything: boolean;
    /** Outside tests/unit: a real S3 server; null where none is installed. */
    s3: { endpoint: string; accessKeyId: string; secretAccessKey: string } | null;
    /** Outside tests/unit: an independent MongoDB server; null where the tests run on the embedded database. */
    mongodbUri: string | null;
  }
}
