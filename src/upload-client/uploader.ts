import type { UnfinishedUpload, Uploader, UploaderOptions } from './api.js';
import { Gate } from './gate.js';
import { GraphqlClient } from './graphql.js';
import { Lanes } from './lanes.js';
import { openRecords, prune, type UploadRecord } from './records.js';
import { Sessions } from './sessions.js';
import { TIMINGS, type Timings } from './timings.js';
import { send } from './transport.js';
import { UploadTask } from './upload-task.js';

/**
 * How many uploads run at once. They share the lanes, so more would not be faster, and each holds one of the sessions
 * that the server grants a viewer.
 */
const UPLOADS_AT_ONCE = 4;

/** @param timings Shorter in tests. */
export function openUploader(options: UploaderOptions, timings: Timings = TIMINGS): Uploader {
  const graphql = new GraphqlClient({ ...options, endpoint: absolute(options.endpoint) }, timings);
  const records = openRecords();
  const turns = new Gate(() => UPLOADS_AT_ONCE);
  const shared = { graphql, sessions: new Sessions(graphql), records, turns, lanes: new Lanes(), send, timings };
  return {
    upload: (file, uploadOptions) => new UploadTask(shared, file, uploadOptions),
    unfinished: async () => {
      const all = await prune(records, Date.now());
      const own = all.filter((record) => record.endpoint === graphql.endpoint && record.publishedAt === undefined);
      return own.map(describe);
    },
  };
}

function describe({ sessionId, input, startedAt, handle }: UploadRecord): UnfinishedUpload {
  return {
    sessionId: sessionId ?? null,
    slot: input.slot,
    ownerId: input.ownerId,
    filename: input.filename,
    size: input.size,
    startedAt: new Date(startedAt),
    hasFile: handle !== undefined,
  };
}

/** So that records of one server are found from every page of its site. */
function absolute(endpoint: string): string {
  const page = (globalThis as { location?: { href: string } }).location;
  return new URL(endpoint, page?.href).href;
}
