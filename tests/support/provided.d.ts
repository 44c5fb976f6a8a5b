import 'vitest';

declare module 'vitest' {
  /** The values that a run provides for its tests. */
  interface ProvidedContext {
    /** The factor for deadlines on this machine (patience.ts). */
    slowness: number;
    /** Whether this is `npm run test:all` (scope.ts). */
    everything: boolean;
    /** Outside tests/unit: a real S3 server. Null when none is installed. */
    s3: { endpoint: string; accessKeyId: string; secretAccessKey: string } | null;
    /** Outside tests/unit: an independent MongoDB server. Null when the tests run on the embedded database. */
    mongodbUri: string | null;
  }
}
