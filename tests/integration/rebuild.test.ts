import { afterAll, beforeAll, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { DERIVED_RECORDS } from '../../src/catalog/derived-records.js';
import { ImageModel } from '../../src/catalog/image/image.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertCourses } from '../support/catalogue-seed.js';
import { lectern } from '../support/cli.js';
import { clientOf, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CoursesDocument, ImagesDocument, UpdateCourseDocument, UploadImageDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { waitFor } from '../support/patience.js';

let app: TestApp;
let ada: Client;

beforeAll(async () => {
  app = await startApp();
  // A run in the background would update the outdated records that the tests insert.
  await app.app.rebuilding.stop();
  ada = await clientOf(app, 'ada');
});
afterAll(() => app.remove());

/** Gives the records of a category the derived fields of the earlier version, without a version number. */
async function makeOld(category: string): Promise<void> {
  const old = {
    $set: { words: ['łodz', 'na', 'zaglach'], titleKey: 'łodz na zaglach' },
    $unset: { derivedVersion: 1 },
  };
  await CourseModel.collection.updateMany({ category }, old);
}

async function insertOld(category: string, count: number): Promise<string[]> {
  const seed = { title: 'Łódź na żaglach', instructorId: 'ada', category };
  const ids = await insertCourses(Array.from({ length: count }, () => seed));
  await makeOld(category);
  return ids;
}

async function found(category: string, search: string): Promise<number> {
  return dataOf(await ada.send(CoursesDocument, { filter: { category, search }, first: 1 })).courses.totalCount;
}

it('a starting server rebuilds records of the earlier version', async () => {
  await insertOld('before', 250);
  dataOf(await ada.upload(UploadImageDocument, { file: null }, { file: fixtures.png }));
  await ImageModel.collection.updateMany({}, { $set: { listKeys: ['none'] }, $unset: { derivedVersion: 1 } });
  expect([await found('before', 'lodz'), await found('before', 'łódz')]).toEqual([0, 0]);

  await app.stop();
  app = await startApp({}, app.environment);
  ada = await clientOf(app, 'ada');
  await waitFor(async () => expect(await found('before', 'lodz')).toBe(250));
  const images = async () => dataOf(await ada.send(ImagesDocument, {})).images.totalCount;
  await waitFor(async () => expect(await images()).toBe(1));
  expect(await CourseModel.countDocuments({ titleKey: 'lodz na zaglach' })).toBe(250);
});

it('lectern rebuild updates records beside a running server, and prints their number', async () => {
  await insertOld('command', 130);
  const first = await lectern(app.environment, 'rebuild');
  expect([first.exitCode, first.stdout]).toEqual([0, 'Updated 130 records.\n']);
  expect(await found('command', 'lodz')).toBe(130);
  const second = await lectern(app.environment, 'rebuild');
  expect([second.exitCode, second.stdout]).toEqual([0, 'All records are up to date already.\n']);
});

it('a run continues where a stopped one ended', async () => {
  await insertOld('stopped', 250);
  const stop = new AbortController();
  const seen: [number, number][] = [];
  const first = await app.app.rebuilding.rebuild({
    signal: stop.signal,
    onProgress: ({ done, total }) => {
      seen.push([done, total]);
      stop.abort();
    },
  });
  expect([first, seen]).toEqual([{ updated: 100, failed: 0 }, [[100, 250]]]);
  expect(await app.app.rebuilding.rebuild()).toEqual({ updated: 150, failed: 0 });
  expect(await found('stopped', 'lodz')).toBe(250);
});

it('a record without a title is counted as failed, and the others are rebuilt', async () => {
  const [id = ''] = await insertOld('poisoned', 30);
  await CourseModel.collection.updateOne({ _id: id as never }, { $unset: { title: 1 } });
  expect(await app.app.rebuilding.rebuild()).toEqual({ updated: 29, failed: 1 });
  await CourseModel.deleteOne({ _id: id });
  expect(await app.app.rebuilding.rebuild()).toEqual({ updated: 0, failed: 0 });
});

it('a change of a record during its rebuild is not lost', async () => {
  const [id = ''] = await insertOld('changing', 1);
  for (const records of DERIVED_RECORDS) {
    for await (const batch of records.old(100)) {
      const derived = batch.map((record) => record.derive());
      dataOf(await ada.send(UpdateCourseDocument, { id, input: { title: 'Changed meanwhile' } }));
      await records.update(derived);
    }
  }
  expect([await found('changing', 'meanwhile'), await found('changing', 'lodz')]).toEqual([1, 0]);
});

it('deleted records are not rebuilt', async () => {
  const [id = ''] = await insertOld('deleted', 1);
  await CourseModel.updateOne({ _id: id }, { $set: { deletedAt: new Date(), listKeys: [] } });
  expect(await app.app.rebuilding.rebuild()).toEqual({ updated: 0, failed: 0 });
});
