import { readFileSync } from 'node:fs';
import { buildSchema, getNamedType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageModel } from '../../src/catalog/image/image.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertCourses, insertImages, insertTopicsWithVideos } from '../support/catalogue-seed.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { endUpkeep, logCommands, type CommandLog } from '../support/commands.js';
import { fixtures } from '../support/fixtures.js';
import { StartUploadDocument, UploadImageDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';

/** Enough records to fill every page below. */
const PARENTS = 30;
const CHILDREN = 3;

interface Page {
  readonly totalCount: number;
  readonly nodes: readonly Record<string, Page>[];
}

interface Row {
  /** Has `$first` parents on its page. */
  readonly query: string;
  /** The database commands for any page: name and collection. */
  readonly commands: readonly string[];
  /** The counts in the answer, starting from the root field. */
  readonly counts: (root: Page) => readonly number[];
}

interface Counted {
  readonly courses: { readonly nodes: readonly { readonly title: string; readonly topics: Page }[] };
}

const PAGE = 'pageInfo { hasNextPage endCursor } edges { cursor }';
const ofChildren = (field: string) => (root: Page) => root.nodes.map((node) => node[field]!.totalCount);

/** Every connection of the schema, alone and below a page of parents, with its count. */
const ROWS: Readonly<Record<string, Row>> = {
  'Query.courses': {
    query: `query ($first: Int!) { courses(first: $first) { totalCount nodes { id } ${PAGE} } }`,
    // Public courses and the viewer's own are two lists, and each is read and counted.
    commands: ['find courses', 'find courses', 'aggregate courses', 'aggregate courses'],
    counts: ({ totalCount }) => [totalCount],
  },
  'Query.courses, searched': {
    query: `query ($first: Int!) { courses(first: $first, filter: { search: "course" }) { totalCount nodes { id } ${PAGE} } }`,
    commands: ['find courses', 'aggregate courses'],
    counts: ({ totalCount }) => [totalCount],
  },
  'Query.images': {
    query: `query ($first: Int!) { images(first: $first) { totalCount nodes { id } ${PAGE} } }`,
    commands: ['find images', 'aggregate images'],
    counts: ({ totalCount }) => [totalCount],
  },
  'Query.uploads': {
    query: `query ($first: Int!) { uploads(first: $first) { totalCount nodes { id } ${PAGE} } }`,
    commands: ['find media_objects', 'aggregate media_objects'],
    counts: ({ totalCount }) => [totalCount],
  },
  'Course.topics': {
    query: `query ($first: Int!) {
      courses(first: $first) { nodes { topics(first: 2) { totalCount nodes { id } ${PAGE} } } } }`,
    commands: ['find courses', 'find courses', 'find topics', 'aggregate topics'],
    counts: ofChildren('topics'),
  },
  'Topic.videos': {
    query: `query ($first: Int!) {
      courses(first: $first) { nodes { topics(first: 1) { nodes { videos(first: 2) { totalCount nodes { id } ${PAGE} } } } } } }`,
    commands: ['find courses', 'find courses', 'find topics', 'find videos', 'aggregate videos'],
    counts: (root) => root.nodes.flatMap((node) => ofChildren('videos')(node['topics']!)),
  },
};

let app: TestApp;
let log: CommandLog;
let ada: Client;

beforeAll(async () => {
  log = logCommands();
  app = await startApp({ UPLOAD_SESSIONS_PER_VIEWER: String(PARENTS) });
  await endUpkeep(app);
  ada = await clientOf(app, 'ada');
  const { id: courseId } = await createCourse(ada, { title: 'The pattern of a course', status: 'DRAFT' });
  const { id } = await createVideo(ada, await createTopic(ada, courseId, 'The pattern'), 'The pattern');
  const pattern = (await VideoModel.findById(id).lean())!;
  const seeds = Array.from({ length: PARENTS }, (_, i) => ({ title: `Course ${i}`, instructorId: 'ada' }));
  for (const parent of await insertCourses(seeds)) {
    await insertTopicsWithVideos(parent, { topics: CHILDREN, videosEach: CHILDREN }, pattern);
  }
  dataOf(await ada.upload(UploadImageDocument, { file: null }, { file: fixtures.avif }));
  await insertImages(PARENTS, (await ImageModel.findOne().lean())!);
  const input = { slot: 'IMAGE' as const, filename: 'a.png', size: 10 };
  for (let i = 0; i < PARENTS; i++) dataOf(await ada.send(StartUploadDocument, { input }));
});
afterAll(() => app.remove());

it('there is a row for every connection of the schema', () => {
  const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));
  const connections = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as const))
    .filter(([, field]) => getNamedType(field.type).name.endsWith('Connection'));
  expect(connections.map(([name]) => name).sort()).toEqual(
    Object.keys(ROWS)
      .filter((name) => !name.includes(','))
      .sort(),
  );
});

it.each(Object.entries(ROWS))('%s sends the same database commands for pages of any length', async (_name, row) => {
  for (const first of [1, 7, PARENTS]) {
    const asked = () => graphql<Record<string, Page>>(app.url, row.query, { first }, { token: ada.token });
    const { result, commands } = await log.during(asked);
    const [root] = Object.values(dataOf(result));
    expect(root!.nodes).toHaveLength(first);
    const sent = commands.map(({ name, command }) => `${name} ${String(command[name])}`);
    expect([first, sent.sort()]).toEqual([first, [...row.commands].sort()]);
    for (const count of row.counts(root!)) expect(count).toBeGreaterThanOrEqual(CHILDREN);
  }
});

it('each parent has the count of its own children', async () => {
  const query = `query ($first: Int!) { courses(first: $first) { nodes { title topics { totalCount } } } }`;
  const asked = await graphql<Counted>(app.url, query, { first: 100 }, { token: ada.token });
  const counted = dataOf(asked).courses.nodes.map(({ title, topics }) => [title, topics.totalCount] as const);
  expect(counted).toHaveLength(PARENTS + 1);
  for (const [title, count] of counted) expect([title, count]).toEqual([title, title.startsWith('The') ? 1 : CHILDREN]);
});
