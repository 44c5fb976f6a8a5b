import { totalmem } from 'node:os';
import { ok, warning, type Outcome } from '../diagnosis.js';

const MIB = 1024 ** 2;
/** What a server takes besides uploads, in MiB: about 160 at rest, and pictures that are being decoded. */
const SERVER_MIB = 300;
/** What an upload takes, in MiB: on S3 its parts are in memory (docs/S3_UPLOAD_SETUP.md). */
const UPLOAD_MIB = { s3: 32, other: 3 } as const;

/** The memory limit of the container, in bytes (cgroups). Undefined when there is none. */
export function memoryLimit(): number | undefined {
  const bytes = process.constrainedMemory();
  return bytes > 0 && bytes < totalmem() ? bytes : undefined;
}

/** Is there memory for UPLOADS_AT_ONCE uploads? */
export function judgeMemory(
  limitBytes: number | undefined,
  { uploadsAtOnce, storage }: { readonly uploadsAtOnce: number; readonly storage: string },
): Outcome {
  if (limitBytes === undefined) return ok('This process has no memory limit of its own.');
  const limit = Math.floor(limitBytes / MIB);
  const each = storage === 's3' ? UPLOAD_MIB.s3 : UPLOAD_MIB.other;
  const needed = SERVER_MIB + uploadsAtOnce * each;
  if (limit >= needed) return ok(`The memory limit of ${limit} MiB is enough for ${uploadsAtOnce} uploads at once.`);
  const possible = Math.max(1, Math.floor((limit - SERVER_MIB) / each));
  return warning(
    `The memory limit is ${limit} MiB, but ${uploadsAtOnce} uploads at once may take ${needed} MiB.`,
    `Raise the limit, or set UPLOADS_AT_ONCE to ${possible}.`,
  );
}
