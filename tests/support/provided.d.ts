import 'vitest';

declare module 'vitest' {
  /** What the global setup gives to the tests outside tests/unit: `inject('s3')`, `inject('mongodbUri')`. */
  interface ProvidedContext {
    /** A real S3 server; null where none is installed. */
    s3: { endpoint: string; accessKeyId: string; secretAccessKey: string } | null;
    /** An independent MongoDB server; null where the tests run on the embedded database. */
    mongodbUri: string | null;
  }
}
