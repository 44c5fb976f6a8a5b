import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import type { Environment } from '../../src/config.js';
import { newEnvironment, s3Environment, startApp, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { clientOf, createCourse, type CreatedCourse } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';

/** These tests start servers one after the other on the same data; each depends on the one before it. */
describe.skipIf(inject('s3') === null)('switching USE_S3 on and off', () => {
  let environment: Environment;
  let withS3: Environment;
  let app: TestApp;
  let onDisk: CreatedCourse;
  let inBucket: CreatedCourse;

  beforeAll(async () => {
    environment = await newEnvironment();
    withS3 = s3Environment(await createBucket()) ?? {};
    app = await startApp({}, environment);
  });
  afterAll(() => app.remove());

  async function startAgain(overrides: Environment): Promise<void> {
    await app.stop();
    app = await startApp(overrides, environment);
  }

  async function upload(title: string): Promise<CreatedCourse> {
    return createCourse(await clientOf(app, 'ada'), { title }, { thumbnail: fixtures.thumbnail });
  }

  async function read(course: CreatedCourse) {
    return (await clientOf(app, 'ada')).send(CourseWithFilesDocument, { id: course.id });
  }

  async function expectOpen(course: CreatedCourse): Promise<void> {
    const { thumbnail } = dataOf(await read(course)).course!;
    expect(thumbnail).toMatchObject({ key: course.thumbnail?.key, storage: course.thumbnail?.storage });
    expect(await downloadedSha256(thumbnail!.url)).toBe(fixtures.thumbnail.sha256);
  }

  it('at first, files are stored on the local disk', async () => {
    onDisk = await upload('On disk');
    expect(onDisk.thumbnail?.storage).toBe('LOCAL');
    await expectOpen(onDisk);
  });

  it('with USE_S3=true, new files are stored in the bucket, and those on the disk stay readable', async () => {
    await startAgain(withS3);
    await expectOpen(onDisk);
    inBucket = await upload('In the bucket');
    expect(inBucket.thumbnail?.storage).toBe('S3');
    await expectOpen(inBucket);
    expect(await app.app.storages.byName('local')?.stat(inBucket.thumbnail!.key)).toBeNull();
    expect(await app.app.storages.byName('s3')?.stat(onDisk.thumbnail!.key)).toBeNull();
    expect((await CourseModel.findById(onDisk.id).lean())?.thumbnail?.storage).toBe('local');
  });

  it('with USE_S3=false and the other S3 variables, files in both storages are readable', async () => {
    await startAgain({ ...withS3, USE_S3: 'false' });
    await expectOpen(onDisk);
    await expectOpen(inBucket);
    const newest = await upload('On disk again');
    expect(newest.thumbnail?.storage).toBe('LOCAL');
    await expectOpen(newest);
  });

  it('without the S3 variables, only URLs of files in the bucket fail, with STORAGE_UNAVAILABLE', async () => {
    await startAgain({});
    await expectOpen(onDisk);
    const answer = await read(inBucket);
    expect(answer.status).toBe(200);
    const { data, errors = [] } = answer.body;
    const unavailable = { extensions: { code: 'STORAGE_UNAVAILABLE', retryable: true } };
    expect(errors).toMatchObject(errors.map(() => unavailable));
    // `url` is not nullable, so its file is null; the rest of the course is returned.
    expect(data?.course).toMatchObject({
      id: inBucket.id,
      title: 'In the bucket',
      thumbnail: null,
      thumbnailUrl: null,
    });
    const paths = errors.map(({ path }) => path?.slice(0, 2).join('.'));
    expect(new Set(paths)).toEqual(new Set(['course.thumbnail', 'course.thumbnailUrl']));
  });

  it('with USE_S3=true again, files in both storages are readable', async () => {
    await startAgain(withS3);
    await expectOpen(onDisk);
    await expectOpen(inBucket);
  });
});
