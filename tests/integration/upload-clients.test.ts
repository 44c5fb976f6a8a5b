import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { print } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures, type Fixture } from '../support/fixtures.js';
import {
  CourseWithFilesDocument,
  CreateCourseDocument,
  ViewerDocument,
  type CreateCourseMutation,
} from '../support/gql/graphql.js';
import { patience } from '../support/patience.js';

const run = promisify(execFile);

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp();
  token = await tokenFor('ada', 'instructor');
});
afterAll(() => app.remove());

/** The headers that README.md tells every client to send. */
const documentedHeaders = () => ({ Authorization: `Bearer ${token}`, 'Apollo-Require-Preflight': 'true' });
const blobOf = ({ bytes, contentType }: Fixture): Blob => new Blob([bytes], { type: contentType });
const formFileOf = ({ bytes, filename, contentType }: Fixture): File =>
  new File([bytes], filename, { type: contentType });

async function expectCourse(course: CreateCourseMutation['createCourse'] | undefined): Promise<void> {
  expect(course).toMatchObject({
    thumbnail: { sha256: fixtures.thumbnail.sha256, filename: 'thumbnail.jpg', contentType: 'image/jpeg' },
    introVideo: { sha256: fixtures.intro.sha256, filename: 'intro.mp4', contentType: 'video/mp4' },
  });
  expect(await downloadedSha256(course!.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
  expect(await downloadedSha256(course!.introVideoUrl!)).toBe(fixtures.intro.sha256);
}

it('Apollo Client with apollo-upload-client can upload files', async () => {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new UploadHttpLink({ uri: app.url, headers: documentedHeaders() }),
  });
  const { data } = await client.mutate({
    mutation: CreateCourseDocument,
    variables: {
      input: { title: 'By Apollo Client' },
      thumbnail: formFileOf(fixtures.thumbnail),
      introVideo: formFileOf(fixtures.intro),
    },
  });
  await expectCourse(data?.createCourse);
  const read = await client.query({ query: CourseWithFilesDocument, variables: { id: data!.createCourse.id } });
  expect(read.data?.course).toMatchObject({ title: 'By Apollo Client', thumbnailUrl: data?.createCourse.thumbnailUrl });
  client.stop();
});

it('curl can upload files', async () => {
  const variables = { input: { title: 'By curl' }, thumbnail: null, introVideo: null };
  const map = { 0: ['variables.thumbnail'], 1: ['variables.introVideo'] };
  const form = [
    `operations=${JSON.stringify({ query: print(CreateCourseDocument), variables })}`,
    `map=${JSON.stringify(map)}`,
    `0=@${fixtures.thumbnail.path}`,
    `1=@${fixtures.intro.path};type=video/mp4`,
  ].flatMap((field) => ['-F', field]);
  const headers = [`Authorization: Bearer ${token}`, 'apollo-require-preflight: true'].flatMap((line) => ['-H', line]);
  const { stdout } = await run('curl', [
    '-sS',
    '--max-time',
    String(patience(20_000) / 1_000),
    app.url,
    ...headers,
    ...form,
  ]);
  const answer = JSON.parse(stdout) as { data?: CreateCourseMutation };
  await expectCourse(answer.data?.createCourse);
});

it('curl without the CSRF header gets an error that names it', async () => {
  const form = ['-F', 'operations={"query":"{ viewer { id } }"}', '-F', 'map={}'];
  const { stdout } = await run('curl', ['-sS', '--max-time', String(patience(20_000) / 1_000), app.url, ...form]);
  expect(JSON.parse(stdout)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  expect(stdout).toContain('apollo-require-preflight');
});

it('fetch with FormData can upload files', async () => {
  const form = new FormData();
  const variables = { input: { title: 'By fetch' }, thumbnail: null, introVideo: null };
  form.append('operations', JSON.stringify({ query: print(CreateCourseDocument), variables }));
  form.append('map', JSON.stringify({ 0: ['variables.thumbnail'], 1: ['variables.introVideo'] }));
  form.append('0', blobOf(fixtures.thumbnail), fixtures.thumbnail.filename);
  form.append('1', blobOf(fixtures.intro), fixtures.intro.filename);
  const response = await fetch(app.url, { method: 'POST', headers: documentedHeaders(), body: form });
  expect(response.status).toBe(200);
  const answer = (await response.json()) as { data?: CreateCourseMutation };
  await expectCourse(answer.data?.createCourse);
});

it('urql can upload files', async () => {
  const client = new Client({
    url: app.url,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: documentedHeaders() },
  });
  // urql sends a multipart request when a variable contains a file.
  const created = await client
    .mutation(CreateCourseDocument, {
      input: { title: 'By urql' },
      thumbnail: formFileOf(fixtures.thumbnail),
      introVideo: formFileOf(fixtures.intro),
    })
    .toPromise();
  expect(created.error).toBeUndefined();
  await expectCourse(created.data?.createCourse);
  const read = await client.query(CourseWithFilesDocument, { id: created.data!.createCourse.id }).toPromise();
  expect(read.data?.course).toMatchObject({ title: 'By urql' });
});

it('urql can send queries by GET', async () => {
  const client = new Client({
    url: app.url,
    exchanges: [fetchExchange],
    preferGetMethod: 'force',
    fetchOptions: { headers: documentedHeaders() },
  });
  expect((await client.query(ViewerDocument, {}).toPromise()).data).toMatchObject({ viewer: { id: 'ada' } });
});
