import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { bigMp4 } from '../support/fixtures.js';
import { CreateCourseDocument } from '../support/gql/graphql.js';
import { graphqlParts, multipartBody, rawRequest, truncated } from '../support/multipart.js';
import { onEveryStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;
/** Far longer than the stall time that these servers run with, far shorter than the default. */
const PATIENCE_MS = 10_000;

onEveryStorage('a request that stops coming', (storage) => {
  let app: TestApp;
  let token: string;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), UPLOAD_STALL_SECONDS: '1' });
    token = await tokenFor('ada', 'instructor');
  });

  afterAll(() => app.remove());

  it('in the middle of a file is answered with UPLOAD_INCOMPLETE and leaves nothing', async () => {
    const before = await tracesOf(app);
    const variables = { input: { title: 'Stalled' } };
    const files = { introVideo: bigMp4(12 * MIB) };
    const whole = multipartBody(graphqlParts({ document: CreateCourseDocument, variables, files }));
    const { response, ended } = await rawRequest(app.url, {
      token,
      body: truncated(whole, 9 * MIB),
      timeoutMs: PATIENCE_MS,
    });
    expect(ended).toBe('response');
    expect(response?.text).toContain('"code":"UPLOAD_INCOMPLETE"');
    expect(await tracesOf(app)).toEqual(before);
  });

  it('in the middle of its JSON is answered with BAD_REQUEST', async () => {
    const text = Buffer.from(JSON.stringify({ query: '{ viewer { id } }' }));
    const { response, ended } = await rawRequest(app.url, {
      token,
      body: { contentType: 'application/json', size: text.length, chunks: () => [text.subarray(0, 10)] },
      timeoutMs: PATIENCE_MS,
    });
    expect(ended).toBe('response');
    expect([response?.status, response?.text]).toEqual([400, expect.stringContaining('"code":"BAD_REQUEST"')]);
  });
});
