import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, CreateTopicDocument, CreateVideoDocument } from '../support/gql/graphql.js';
import { UploadImageDocument, type CreateCourseInput, type CreateVideoInput } from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';
import { tracesOf } from '../support/traces.js';

let app: TestApp;
let instructor: Client;
let courseId: string;
let topicId: string;
let before: string[];

beforeAll(async () => {
  app = await startApp();
  instructor = await clientOf(app, 'ada');
  courseId = (await createCourse(instructor, { title: 'To add to' })).id;
  topicId = await createTopic(instructor, courseId, 'To add to');
  before = await tracesOf(app);
});
afterAll(() => app.remove());

const faultOf = (...fields: string[]) => [
  { message: expect.any(String), extensions: { code: 'BAD_USER_INPUT', retryable: false, fields } },
];

describe('the input of a course', () => {
  it.each<[string, CreateCourseInput, string[]]>([
    ['an empty title', { title: '' }, ['input.title']],
    ['a title of white space', { title: ' \t\n\u00a0 ' }, ['input.title']],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, ['input.title']],
    ['a description of 10,001 characters', { title: 'x', description: 'd'.repeat(10_001) }, ['input.description']],
    ['an empty category', { title: 'x', category: '  ' }, ['input.category']],
    ['a category of 101 characters', { title: 'x', category: 'c'.repeat(101) }, ['input.category']],
    ['an empty instructor', { title: 'x', instructorId: '' }, ['input.instructorId']],
    ['several faults at once', { title: '', description: 'd'.repeat(10_001) }, ['input.title', 'input.description']],
  ])('with %s is refused with BAD_USER_INPUT and the field', async (_what, input, fields) => {
    const sent = await instructor.send(CreateCourseDocument, { input });
    expect(sent.body.errors).toMatchObject(faultOf(...fields));
    const uploaded = await instructor.upload(CreateCourseDocument, { input }, { thumbnail: fixtures.thumbnail });
    expect(uploaded.body.errors).toMatchObject(faultOf(...fields));
    expect(await tracesOf(app)).toEqual(before);
  });

  it('is accepted up to its limits, counted in characters without surrounding white space', async () => {
    const input = { title: `  ${'🎬'.repeat(200)}  `, description: 'd'.repeat(10_000), category: 'c'.repeat(100) };
    const course = await createCourse(instructor, input);
    expect(course).toMatchObject({
      title: '🎬'.repeat(200),
      description: 'd'.repeat(10_000),
      category: 'c'.repeat(100),
    });
  });

  it('creates a draft of the viewer by default', async () => {
    const { createCourse: course } = dataOf(await instructor.send(CreateCourseDocument, { input: { title: 'Quiet' } }));
    expect(course).toMatchObject({
      status: 'DRAFT',
      instructorId: 'ada',
      description: null,
      category: null,
      level: null,
    });
    expect(course).toMatchObject({ thumbnail: null, introVideo: null, thumbnailUrl: null, introVideoUrl: null });
    expect(Math.abs(Date.parse(course.createdAt) - Date.now())).toBeLessThan(20_000);
    expect(course.updatedAt).toBe(course.createdAt);
  });

  it('accepts null for optional fields', async () => {
    const input = { title: 'Nulls', description: null, category: null, level: null, instructorId: null, status: null };
    const course = dataOf(await instructor.send(CreateCourseDocument, { input })).createCourse;
    expect(course).toMatchObject({ title: 'Nulls', description: null, category: null, level: null, status: 'DRAFT' });
  });

  it.each([
    ['a level that does not exist', { title: 'x', level: 'EXPERT' }],
    ['a status that does not exist', { title: 'x', status: 'published' }],
    ['a title that is not text', { title: 5 }],
    ['no title', {}],
    ['a null title', { title: null }],
    ['a field that does not exist', { title: 'x', price: 1 }],
  ])('with %s is refused with BAD_USER_INPUT', async (_what, input) => {
    const document = 'mutation ($input: CreateCourseInput!) { createCourse(input: $input) { id } }';
    const answer = await graphql(app.url, document, { input }, { token: instructor.token });
    expect(answer.status).toBe(400);
    expect(errorCodes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('may name another instructor only when an admin sends it', async () => {
    const input = { title: 'For bob', instructorId: 'bob' };
    const answer = await instructor.upload(CreateCourseDocument, { input }, { thumbnail: fixtures.thumbnail });
    expect(errorCodes(answer)).toEqual(['FORBIDDEN']);
    expect(answer.body.errors?.[0]?.extensions?.['fields']).toEqual(['input.instructorId']);

    const own = dataOf(await instructor.send(CreateCourseDocument, { input: { title: 'Own', instructorId: 'ada' } }));
    expect(own.createCourse.instructorId).toBe('ada');
    const admin = await clientOf(app, 'root', 'admin');
    expect(dataOf(await admin.send(CreateCourseDocument, { input })).createCourse.instructorId).toBe('bob');
    const unnamed = dataOf(await admin.send(CreateCourseDocument, { input: { title: 'By root' } }));
    expect(unnamed.createCourse.instructorId).toBe('root');
  });
});

describe('the input of topics, videos and images', () => {
  const longText = 'd'.repeat(10_001);

  it.each([
    ['an empty title', { title: ' ' }, 'input.title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'input.title'],
    ['a description of 10,001 characters', { title: 'x', description: longText }, 'input.description'],
  ])('refuses a topic with %s with BAD_USER_INPUT', async (_what, input, field) => {
    const answer = await instructor.send(CreateTopicDocument, { courseId, input });
    expect(answer.body.errors).toMatchObject(faultOf(field));
  });

  it.each<[string, CreateVideoInput, string]>([
    ['an empty title', { title: ' ' }, 'input.title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'input.title'],
    ['a description of 10,001 characters', { title: 'x', description: longText }, 'input.description'],
    ['a negative length', { title: 'x', durationSeconds: -0.1 }, 'input.durationSeconds'],
    ['a length of more than a week', { title: 'x', durationSeconds: 604_801 }, 'input.durationSeconds'],
  ])('refuses a video with %s with BAD_USER_INPUT', async (_what, input, field) => {
    const traces = await tracesOf(app);
    const answer = await instructor.upload(CreateVideoDocument, { topicId, input }, { file: fixtures.video });
    expect(answer.body.errors).toMatchObject(faultOf(field));
    expect(await tracesOf(app)).toEqual(traces);
  });

  it('accepts a video of 0 seconds', async () => {
    const answer = await instructor.send(CreateVideoDocument, {
      topicId,
      input: { title: 'Still', durationSeconds: 0 },
    });
    expect(dataOf(answer).createVideo.durationSeconds).toBe(0);
  });

  it('refuses an alternative text of 1,001 characters with BAD_USER_INPUT', async () => {
    const variables = { file: null, input: { altText: 'a'.repeat(1_001) } };
    const answer = await instructor.upload(UploadImageDocument, variables, { file: fixtures.png });
    expect(answer.body.errors).toMatchObject(faultOf('input.altText'));
  });

  it('refuses a file given as a value, or no file, with BAD_USER_INPUT', async () => {
    const document = 'mutation ($file: Upload!) { uploadImage(file: $file) { id } }';
    for (const file of [{}, 'file', null]) {
      const answer = await graphql(app.url, document, { file }, { token: instructor.token });
      expect([answer.status, errorCodes(answer)]).toEqual([400, ['BAD_USER_INPUT']]);
    }
  });
});
