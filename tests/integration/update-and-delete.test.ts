import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { dumpOf } from '../support/dump.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';
import { sampleOf } from '../support/scope.js';

let app: TestApp;
let ada: Client;
let admin: Client;
let nobody: Client;
beforeAll(async () => {
  app = await startApp();
  ada = await clientOf(app, 'ada');
  admin = await clientOf(app, 'root', 'admin');
  nobody = await clientOf(app);
});
afterAll(() => app.remove());

const facts = async (id: string, client = ada) => dataOf(await client.send(gql.CourseFactsDocument, { id })).course!;
const update = async (id: string, input: gql.UpdateCourseInput, client = ada) =>
  dataOf(await client.send(gql.UpdateCourseDocument, { id, input })).updateCourse;
const titlesBy = async (filter: gql.CourseFilter, client = nobody, orderBy: gql.CourseOrder = 'TITLE_ASC') =>
  dataOf(await client.send(gql.CoursesDocument, { filter, orderBy })).courses.nodes.map(({ title }) => title);
const countBy = async (filter: gql.CourseFilter, client = nobody): Promise<number> =>
  dataOf(await client.send(gql.CoursesDocument, { filter })).courses.totalCount;

const FULL = { description: 'All of it.', category: 'updates', level: 'ADVANCED' } as const;

describe('updateCourse', () => {
  it('changes the given fields and no others', async () => {
    const course = await createCourse(ada, { title: 'Before', ...FULL });
    expect(await update(course.id, { title: '  After ' })).toMatchObject({
      title: 'After',
      ...FULL,
      status: 'PUBLISHED',
    });
    const { createdAt, updatedAt, ...rest } = await update(course.id, { description: ' New. ', level: 'BEGINNER' });
    expect(rest).toEqual({
      id: course.id,
      title: 'After',
      description: 'New.',
      category: 'updates',
      level: 'BEGINNER',
      status: 'PUBLISHED',
      instructorId: 'ada',
    });
    expect(createdAt).toBe(course.createdAt);
    expect(Date.parse(updatedAt)).toBeGreaterThan(Date.parse(course.updatedAt));
    expect(await facts(course.id)).toEqual({ ...rest, createdAt, updatedAt });
    expect(await update(course.id, {})).toMatchObject(rest);
  });

  it('clears a field with null, and an optional field with white space', async () => {
    const { id } = await createCourse(ada, { title: 'Cleared', ...FULL });
    const cleared = await update(id, { description: null, category: null, level: null });
    expect(cleared).toMatchObject({ title: 'Cleared', description: null, category: null, level: null });
    expect(await titlesBy({ search: 'cleared' })).toEqual(['Cleared']);
    await update(id, { description: 'Again' });
    expect(await update(id, { description: ' \n ' })).toMatchObject({ description: null });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a null title', { title: null }, 'input.title'],
    ['an empty title', { title: ' ' }, 'input.title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'input.title'],
    ['a long description', { description: 'x'.repeat(10_001) }, 'input.description'],
    ['an empty category', { category: ' ' }, 'input.category'],
    ['a null status', { status: null }, 'input.status'],
    ['a null instructor', { instructorId: null }, 'input.instructorId'],
    ['an empty instructor', { instructorId: '' }, 'input.instructorId'],
  ])('refuses %s with BAD_USER_INPUT and changes nothing', async (what, input, field) => {
    const { id } = await createCourse(ada, { title: `Kept: ${what}` });
    const before = await dumpOf(app);
    const { body } = await ada.send(gql.UpdateCourseDocument, { id, input: { ...input, level: 'BEGINNER' } });
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields: [field] } }]);
    expect(await dumpOf(app)).toEqual(before);
  });

  it('moves a course between the lists, the order and the search results', async () => {
    const category = 'moves';
    await createCourse(ada, { title: 'Mmm', category });
    const { id } = await createCourse(ada, { title: 'Alpha', description: 'First words', category, level: 'BEGINNER' });
    expect(await titlesBy({ category })).toEqual(['Alpha', 'Mmm']);
    await update(id, { title: 'Ómega', description: null, level: 'ADVANCED' });
    expect(await titlesBy({ category })).toEqual(['Mmm', 'Ómega']);
    expect(await titlesBy({ category }, nobody, 'TITLE_DESC')).toEqual(['Ómega', 'Mmm']);
    for (const search of ['alpha', 'first', 'words']) expect(await titlesBy({ category, search })).toEqual([]);
    expect(await titlesBy({ category, search: 'omega' })).toEqual(['Ómega']);
    expect(await titlesBy({ category, level: 'BEGINNER' })).toEqual([]);
    expect(await titlesBy({ category, level: 'ADVANCED' })).toEqual(['Ómega']);
    await update(id, { category: 'elsewhere' });
    expect([await titlesBy({ category }), await countBy({ category })]).toEqual([['Mmm'], 1]);
    expect(await titlesBy({ category: 'elsewhere' })).toEqual(['Ómega']);
  });

  it('publishes and withdraws a course, which is visible at once to the right viewers', async () => {
    const category = 'states';
    const { id } = await createCourse(ada, { title: 'Shown', category, status: 'DRAFT' });
    const topicId = await createTopic(ada, id, 'Shown');
    const video = await createVideo(ada, topicId, 'Shown');
    const student = await clientOf(app, 'sam', 'student');
    const bob = await clientOf(app, 'bob');
    const sees = async (client: Client): Promise<boolean[]> => [
      dataOf(await client.send(gql.CourseFactsDocument, { id })).course !== null,
      dataOf(await client.send(gql.TopicDocument, { id: topicId })).topic !== null,
      dataOf(await client.send(gql.VideoDocument, { id: video.id })).video !== null,
      (await titlesBy({ category }, client)).length === 1,
      (await countBy({ category }, client)) === 1,
    ];
    for (const status of ['PUBLISHED', 'ARCHIVED', 'DRAFT', 'PUBLISHED'] as const) {
      expect(await update(id, { status })).toMatchObject({ status });
      const shown = status === 'PUBLISHED';
      for (const client of [nobody, student, bob]) expect(await sees(client)).toEqual(Array(5).fill(shown));
      for (const client of [ada, admin]) expect(await sees(client)).toEqual(Array(5).fill(true));
      for (const other of ['DRAFT', 'PUBLISHED', 'ARCHIVED'] as const) {
        expect(await countBy({ category, status: other }, ada)).toBe(other === status ? 1 : 0);
      }
    }
  });

  it('lets only an admin hand a course to another instructor', async () => {
    const { id } = await createCourse(ada, { title: 'Handed on', category: 'handed', status: 'DRAFT' });
    const refused = await ada.send(gql.UpdateCourseDocument, { id, input: { instructorId: 'bob' } });
    expect(errorCodes(refused)).toEqual(['FORBIDDEN']);
    expect(await update(id, { instructorId: 'ada', title: 'Mine' })).toMatchObject({ instructorId: 'ada' });
    expect(await update(id, { instructorId: 'bob' }, admin)).toMatchObject({ instructorId: 'bob', title: 'Mine' });
    const bob = await clientOf(app, 'bob');
    expect([await countBy({ category: 'handed' }, ada), await countBy({ category: 'handed' }, bob)]).toEqual([0, 1]);
    expect(await countBy({ instructorId: 'bob', category: 'handed' }, admin)).toBe(1);
    expect(errorCodes(await ada.send(gql.UpdateCourseDocument, { id, input: {} }))).toEqual(['NOT_FOUND']);
    expect(await update(id, { title: "Bob's" }, bob)).toMatchObject({ title: "Bob's" });
  });

  it('keeps each of several concurrent changes, and lists the course accordingly', async () => {
    const category = 'raced';
    for (let round = 0; round < 5; round++) {
      const { id } = await createCourse(ada, { title: `Raced ${round}`, category });
      const inputs: gql.UpdateCourseInput[] = [
        { title: `Renamed ${round}` },
        { description: `Described ${round}` },
        { level: 'INTERMEDIATE' },
        { category: `raced ${round}` },
        { status: 'ARCHIVED' },
      ];
      await Promise.all(inputs.map((input) => update(id, input)));
      expect(await facts(id)).toMatchObject(Object.assign({}, ...inputs));
      expect(await titlesBy({ category }, ada)).toEqual([]);
      const exact = { category: `raced ${round}`, level: 'INTERMEDIATE', status: 'ARCHIVED' } as const;
      expect(await titlesBy({ ...exact, search: `renamed described ${round}` }, ada)).toEqual([`Renamed ${round}`]);
      expect(await titlesBy({ ...exact }, nobody)).toEqual([]);
    }
  });

  it('loses neither a file that is uploaded concurrently nor a topic', async () => {
    const { id } = await createCourse(ada, { title: 'Beside' });
    const variables = { courseId: id, file: null };
    const [topicId] = await Promise.all([
      createTopic(ada, id, 'New'),
      ada.upload(gql.UploadCourseThumbnailDocument, variables, { file: fixtures.png }).then(dataOf),
      ...Array.from({ length: 5 }, (_, i) => update(id, { description: `Change ${i}` })),
    ]);
    const { course } = dataOf(await ada.send(gql.CourseUnsignedDocument, { id }));
    expect(course?.topics.nodes.map((topic) => topic.id)).toEqual([topicId]);
    expect(course?.thumbnail?.sha256).toBe(fixtures.png.sha256);
  });
});

describe('updateTopic and updateVideo', () => {
  let courseId: string;
  beforeAll(async () => {
    courseId = (await createCourse(ada, { title: 'Below' })).id;
  });

  it('change the given fields and no others, and clear a field with null', async () => {
    const topicId = await createTopic(ada, courseId, 'Topic');
    const topic = async (input: gql.UpdateTopicInput) =>
      dataOf(await ada.send(gql.UpdateTopicDocument, { id: topicId, input })).updateTopic;
    expect(await topic({ description: ' About. ' })).toMatchObject({ title: 'Topic', description: 'About.', courseId });
    const renamed = await topic({ title: ' New title ' });
    expect(renamed).toMatchObject({ title: 'New title', description: 'About.' });
    expect(Date.parse(renamed.updatedAt)).toBeGreaterThan(Date.parse(renamed.createdAt));
    expect(await topic({ description: null })).toMatchObject({ title: 'New title', description: null });

    const { id } = await createVideo(ada, topicId, 'Video');
    const video = async (input: gql.UpdateVideoInput) =>
      dataOf(await ada.send(gql.UpdateVideoDocument, { id, input })).updateVideo;
    const full = { description: 'Seen.', durationSeconds: 12.5, isPreview: true };
    expect(await video(full)).toMatchObject({ title: 'Video', topicId, ...full });
    expect(await video({ title: 'Renamed' })).toMatchObject({ title: 'Renamed', ...full });
    expect(await video({ isPreview: false })).toMatchObject({ ...full, isPreview: false });
    const cleared = await video({ description: null, durationSeconds: null });
    expect(cleared).toMatchObject({ title: 'Renamed', description: null, durationSeconds: null });
  });

  it('refuse invalid input and change nothing', async () => {
    const topicId = await createTopic(ada, courseId, 'Topic');
    const { id } = await createVideo(ada, topicId, 'Video');
    const before = await dumpOf(app);
    const long = 'x'.repeat(10_001);
    const forBoth = [{ title: null }, { title: '' }, { title: 'x'.repeat(201) }, { description: long }];
    const ofVideos = [{ isPreview: null }, { durationSeconds: -1 }, { durationSeconds: 604_801 }];
    for (const input of forBoth) {
      const { body } = await ada.send(gql.UpdateTopicDocument, { id: topicId, input });
      const fields = Object.keys(input).map((field) => `input.${field}`);
      expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields } }]);
    }
    for (const input of [...forBoth, ...ofVideos]) {
      const { body } = await ada.send(gql.UpdateVideoDocument, { id, input });
      const fields = Object.keys(input).map((field) => `input.${field}`);
      expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields } }]);
    }
    expect(await dumpOf(app)).toEqual(before);
  });

  it('keep each of several concurrent changes', async () => {
    const topicId = await createTopic(ada, courseId, 'Raced');
    const { id } = await createVideo(ada, topicId, 'Raced');
    const inputs = [{ title: 'One' }, { description: 'Two' }, { durationSeconds: 3 }, { isPreview: true }];
    const answers = await Promise.all(inputs.map((input) => ada.send(gql.UpdateVideoDocument, { id, input })));
    expect(answers.flatMap(errorCodes)).toEqual([]);
    const now = dataOf(await ada.send(gql.UpdateVideoDocument, { id, input: {} })).updateVideo;
    expect(now).toMatchObject(Object.assign({}, ...inputs));
  });

  it('are visible to later fields of the same request', async () => {
    const topicId = await createTopic(ada, courseId, 'Old name');
    const document = `mutation ($id: ID!) {
      first: updateTopic(id: $id, input: { title: "Second name" }) { title }
      second: updateTopic(id: $id, input: { description: "Third" }) { title description }
    }`;
    const answer = await graphql(app.url, document, { id: topicId }, { token: ada.token });
    expect(dataOf(answer)).toEqual({
      first: { title: 'Second name' },
      second: { title: 'Second name', description: 'Third' },
    });
  });
});

describe('an unknown id', () => {
  const IDS = ['0193b8a0-0000-7000-8000-000000000000', '', '$ne', '{"$ne":null}', '__proto__', 'x'.repeat(5_000)];
  it.each(sampleOf(IDS, 3))('is answered with NOT_FOUND in every mutation: %.40s', async (id) => {
    const before = await dumpOf(app);
    const answers = [
      await admin.send(gql.UpdateCourseDocument, { id, input: {} }),
      await admin.send(gql.UpdateTopicDocument, { id, input: {} }),
      await admin.send(gql.UpdateVideoDocument, { id, input: {} }),
      await admin.send(gql.DeleteCourseDocument, { id }),
      await admin.send(gql.DeleteTopicDocument, { id }),
      await admin.send(gql.DeleteVideoDocument, { id }),
      await admin.send(gql.DeleteImageDocument, { id }),
      await admin.send(gql.ReorderTopicsDocument, { courseId: id, topicIds: [] }),
      await admin.send(gql.ReorderVideosDocument, { topicId: id, videoIds: [] }),
      await admin.send(gql.DeleteVideoCaptionDocument, { videoId: id, captionId: id }),
      await admin.send(gql.DeleteVideoResourceDocument, { videoId: id, resourceId: id }),
    ];
    expect(answers.map(errorCodes)).toEqual(answers.map(() => ['NOT_FOUND']));
    expect(await dumpOf(app)).toEqual(before);
  });
});
