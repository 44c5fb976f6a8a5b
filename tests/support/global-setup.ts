import type { TestProject } from 'vitest/node';
import { startMongoServer } from './mongodb.js';
import { startRadosgw } from './radosgw.js';

/** Starts the servers that the tests use, once for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void> | void)[] = [];
  const stopAll = async () => {
    await Promise.all(stops.map(async (stop) => stop()));
  };
  const s3 = async () => {
    const server = await startRadosgw();
    if (server) {
      stops.push(() => server.stop());
      // Tests run while it starts: `createBucket` waits for it.
      server.ready.catch((error: unknown) => {
        console.error(error);
        process.exitCode = 1;
      });
    } else if (process.env.REQUIRE_S3 === '1')
      throw new Error('REQUIRE_S3=1, but there is no radosgw to test against.');
    project.provide('s3', server && pick(server));
  };
  const mongodb = async () => {
    const server = process.env.TEST_DATABASE === 'mongodb' ? await startMongoServer() : null;
    if (server) {
      const { MONGODB_URI: given } = process.env;
      // For code that reads the environment like the server. Workers are forked afterwards and inherit it.
      process.env.MONGODB_URI = server.uri;
      stops.push(async () => {
        await server.stop();
        // This process may run the tests again (tests/crash/run.js), on a server of its own.
        if (given === undefined) delete process.env.MONGODB_URI;
        else process.env.MONGODB_URI = given;
      });
    }
    project.provide('mongodbUri', server && server.uri);
  };
  const started = await Promise.allSettled([s3(), mongodb()]);
  const failure = started.find((result) => result.status === 'rejected');
  if (failure) {
    await stopAll();
    throw failure.reason;
  }
  return stopAll;
}

/** Only plain data can be passed to the workers. */
function pick({
  endpoint,
  accessKeyId,
  secretAccessKey,
}: {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
}) {
  return { endpoint, accessKeyId, secretAccessKey };
}
