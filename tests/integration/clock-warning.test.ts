import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newEnvironment, s3Environment, startApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { captureLog } from '../support/captured-log.js';
import { waitFor } from '../support/patience.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';

describe.skipIf(inject('s3') === null)('the clock check at the start', () => {
  let proxy: S3Proxy;

  beforeAll(async () => {
    proxy = await startS3Proxy(inject('s3')!.endpoint);
  });
  afterAll(() => proxy.close());

  it.each([
    [120, 'warn'],
    [0, 'nothing'],
  ])('of a store that is %i seconds ahead logs: %s', async (seconds, level) => {
    let asked = 0;
    proxy.intercept = (request, response) => {
      const writeHead = response.writeHead.bind(response);
      response.writeHead = ((code: number, headers: Record<string, string>) =>
        writeHead(code, { ...headers, date: new Date(Date.now() + seconds * 1_000).toUTCString() })) as never;
      if (request.method === 'HEAD') asked += 1;
      return false;
    };
    const log = captureLog();
    const environment = await newEnvironment({
      ...s3Environment(await createBucket()),
      S3_ENDPOINT: proxy.endpoint,
    });
    const app = await startApp({}, environment, { telemetry: log.telemetry });
    try {
      await waitFor(async () => expect(asked).toBeGreaterThan(0));
      const clockLines = () => log.lines().filter(({ msg }) => msg.includes('clocks of this machine'));
      if (level === 'warn') await waitFor(async () => expect(clockLines()).toHaveLength(1));
      else expect(clockLines()).toEqual([]);
      for (const line of clockLines()) {
        expect(line).toMatchObject({ level: 40, storage: 's3', msg: expect.stringMatching(/differ by 1\d\d seconds/) });
      }
    } finally {
      await app.remove();
    }
  });
});
