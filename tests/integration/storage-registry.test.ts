import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { ConfigError, type Environment } from '../../src/config.js';
import { newEnvironment, startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type CreatedCourse } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { type ServedMemoryStorage, serveMemoryStorage } from '../support/memory-storage/serve-memory-storage.js';

/** These tests start servers one after the other on the same data; each depends on the one before it. */
describe('a third storage registered beside the built-in ones', () => {
  let memory: ServedMemoryStorage;
  let environment: Environment;
  let app: TestApp;
  let course: CreatedCourse;

  beforeAll(async () => {
    memory = await serveMemoryStorage();
    environment = await newEnvironment();
    app = await startApp({ STORAGE: 'memory' }, environment, withMemory());
  });
  afterAll(async () => {
    await app.remove();
    await memory.tearDown();
  });

  const withMemory = () => ({ storageDrivers: { memory: () => memory.storage } });

  async function startAgain(...arguments_: Parameters<typeof startApp>): Promise<void> {
    await app.stop();
    app = await startApp(...arguments_);
  }

  async function read() {
    return (await clientOf(app, 'ada')).send(CourseWithFilesDocument, { id: course.id });
  }

  it('stores new files, and its name is in records and in GraphQL', async () => {
    course = await createCourse(await clientOf(app, 'ada'), { title: 'Kept' }, { thumbnail: fixtures.thumbnail });
    expect(course.thumbnail?.storage).toBe('MEMORY');
    expect((await CourseModel.findById(course.id).lean())?.thumbnail?.storage).toBe('memory');
    expect((await memory.storage.stat(course.thumbnail!.key))?.size).toBe(fixtures.thumbnail.bytes.length);
    expect(await downloadedSha256(dataOf(await read()).course!.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
  });

  it('stays readable when new files are stored elsewhere', async () => {
    await startAgain({}, environment, withMemory());
    const { thumbnail } = dataOf(await read()).course!;
    expect(thumbnail?.storage).toBe('MEMORY');
    expect(await downloadedSha256(thumbnail!.url)).toBe(fixtures.thumbnail.sha256);
  });

  it('is UNKNOWN on a server without its driver, which returns everything else', async () => {
    await startAgain({}, environment);
    const query = 'query($id: ID!) { course(id: $id) { title thumbnail { storage key size } } }';
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { id: course.id } }),
    });
    const { key } = course.thumbnail!;
    const thumbnail = { storage: 'UNKNOWN', key, size: fixtures.thumbnail.bytes.length };
    expect(await response.json()).toEqual({ data: { course: { title: 'Kept', thumbnail } } });
    const { errors = [] } = (await read()).body;
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ extensions: { code: 'STORAGE_UNAVAILABLE' } });
  });

  it('is refused for new files on a server without its driver', async () => {
    const refusal = await startApp({ STORAGE: 'memory' }, await newEnvironment()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(refusal).toMatchObject({
      faults: [
        {
          variable: 'STORAGE',
          problem: '"memory" is not a storage that this server knows',
          remedy: 'Set one of local, s3',
        },
      ],
    });
  });
});
