import {
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type CORSConfiguration,
  type PublicAccessBlockConfiguration,
  type BucketLifecycleConfiguration,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newEnvironment, s3Environment, startApp, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { clientOf, createCourse } from '../support/client.js';
import { readPage } from '../support/docs-pages.js';
import { fixtures } from '../support/fixtures.js';

const page = readPage('docs/S3_UPLOAD_SETUP.md');

/** A JSON file of the page for the AWS CLI. The SDK accepts the same structure. */
function file(name: string): unknown {
  return JSON.parse(page.fences.find(({ filename }) => filename === name)?.text ?? '');
}

function mapToTrue(settings: object): Record<string, true> {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, true]));
}

/** A bucket that was set up as the page says. */
describe.skipIf(inject('s3') === null)('docs/S3_UPLOAD_SETUP.md', () => {
  const cors = file('cors.json') as CORSConfiguration;
  let Bucket: string;
  let client: S3Client;
  let app: TestApp;

  beforeAll(async () => {
    const { endpoint, accessKeyId, secretAccessKey } = inject('s3')!;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    Bucket = await createBucket();
    app = await startApp({}, await newEnvironment(s3Environment(Bucket) ?? {}));
  });
  afterAll(async () => {
    client.destroy();
    await app.remove();
  });

  it('has settings that a store accepts unchanged', async () => {
    // Without BlockPublicAcls: with it, this store refuses every upload, as the page says.
    const { BlockPublicAcls, ...others } = file('public-access.json') as PublicAccessBlockConfiguration;
    expect({ BlockPublicAcls, ...others }).toEqual({ BlockPublicAcls: true, ...mapToTrue(others) });
    await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: others }));
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: cors }));
    const LifecycleConfiguration = file('lifecycle.json') as BucketLifecycleConfiguration;
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    const { CORSRules } = await client.send(new GetBucketCorsCommand({ Bucket }));
    expect(CORSRules?.[0]?.ExposeHeaders?.sort()).toEqual(cors.CORSRules?.[0]?.ExposeHeaders?.sort());
  });

  it('has settings with which signed URLs work, and pages of an allowed origin can read files', async () => {
    const course = await createCourse(await clientOf(app, 'ada'), { title: 'x' }, { introVideo: fixtures.intro });
    const [origin = ''] = cors.CORSRules?.[0]?.AllowedOrigins ?? [];
    const read = (from: string) => fetch(course.introVideoUrl!, { headers: { Origin: from, Range: 'bytes=0-9' } });

    const allowed = await read(origin);
    expect(allowed.status).toBe(206);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-expose-headers')).toContain('Content-Range');
    expect((await allowed.arrayBuffer()).byteLength).toBe(10);

    const other = await read('https://elsewhere.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    await other.arrayBuffer();
  });
});
