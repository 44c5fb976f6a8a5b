import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ApolloClient, InMemoryCache } from '@apollo/client';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { print } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures, type Fixture } from '../support/fixtures.js';
import { CourseWithFilesDocument, CreateCourseDocument, type CreateCourseMutation } from '../support/gql/graphql.js';

const run = promisify(execFile);

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp();
  token = await tokenFor('ada', 'instructor');
});
afterAll(() => app.remove());

async function expectCourse(course: CreateCourseMutation['createCourse'] | undefined): Promise<void> {
  expect(course).toMatchObject({
    thumbnail: { sha256: fixtures.thumbnail.sha256, filename: 'thumbnail.jpg', contentType: 'image/jpeg' },
    introVideo: { sha256: fixtures.intro.sha256, filename: 'intro.mp4', contentType: 'video/mp4' },
  });
  expect(await downloadedSha256(course!.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
  expect(await downloadedSha256(course!.introVideoUrl!)).toBe(fixtures.intro.sha256);
}

it('Apollo Client with apollo-upload-client', async () => {
  const headers = { authorization: `Bearer ${token}`, 'apollo-require-preflight': 'true' };
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new UploadHttpLink({ uri: app.url, headers }),
  });
  const fileOf = ({ bytes, filename, contentType }: Fixture): File =>
    new File([bytes], filename, { type: contentType });
  const { data } = await client.mutate({
    mutation: CreateCourseDocument,
    variables: {
      input: { title: 'By Apollo Client' },
      thumbnail: fileOf(fixtures.thumbnail),
      introVideo: fileOf(fixtures.intro),
    },
  });
  await expectCourse(data?.createCourse);
  const read = await client.query({ query: CourseWithFilesDocument, variables: { id: data!.createCourse.id } });
  expect(read.data?.course).toMatchObject({ title: 'By Apollo Client', thumbnailUrl: data?.createCourse.thumbnailUrl });
  client.stop();
});

it('curl', async () => {
  const variables = { input: { title: 'By curl' }, thumbnail: null, introVideo: null };
  const map = { 0: ['variables.thumbnail'], 1: ['variables.introVideo'] };
  const form = [
    `operations=${JSON.stringify({ query: print(CreateCourseDocument), variables })}`,
    `map=${JSON.stringify(map)}`,
    `0=@${fixtures.thumbnail.path}`,
    `1=@${fixtures.intro.path};type=video/mp4`,
  ].flatMap((field) => ['-F', field]);
  const headers = [`Authorization: Bearer ${token}`, 'apollo-require-preflight: true'].flatMap((line) => ['-H', line]);
  const { stdout } = await run('curl', ['-sS', '--max-time', '20', app.url, ...headers, ...form]);
  const answer = JSON.parse(stdout) as { data?: CreateCourseMutation };
  await expectCourse(answer.data?.createCourse);
});

it('curl without the header that keeps other web sites away is told what is missing', async () => {
  const form = ['-F', 'operations={"query":"{ viewer { id } }"}', '-F', 'map={}'];
  const { stdout } = await run('curl', ['-sS', '--max-time', '20', app.url, ...form]);
  expect(JSON.parse(stdout)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  expect(stdout).toContain('apollo-require-preflight');
});
