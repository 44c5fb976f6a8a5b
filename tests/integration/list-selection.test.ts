import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { endUpkeep, logCommands, type CommandLog } from '../support/commands.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { VTT, vttFile } from '../support/samples.js';

/*
 * A list reads only those fields of its records that the query selects. So each field is asked for alone, in a list, and
 * must have the value that it has when the whole record was read by its id.
 */

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

type Item = Readonly<Record<string, unknown>>;
type Connection = Readonly<{ nodes: readonly Item[]; edges: readonly { readonly node: Item }[] }>;

/** How a query reaches a list that contains the record, and the record by its id. */
interface Way {
  readonly id: string;
  readonly toList: (items: string) => string;
  readonly list: (data: never) => Connection;
}

let app: TestApp;
let log: CommandLog;
let clients: Record<'ada' | 'nobody', Client>;
let ways: Record<string, Way>;

beforeAll(async () => {
  log = logCommands();
  app = await startApp();
  await endUpkeep(app);
  clients = { ada: await clientOf(app, 'ada'), nobody: await clientOf(app) };
  const { ada } = clients;
  const { id: courseId } = await createCourse(
    ada,
    { title: 'Whole', description: 'All of it', category: 'Tests', level: 'BEGINNER' },
    { thumbnail: fixtures.thumbnail, introVideo: fixtures.video },
  );
  const topic = { courseId, input: { title: 'A topic', description: 'All of it' } };
  const { id: topicId } = dataOf(await ada.send(gql.CreateTopicDocument, topic)).createTopic;
  const video = { topicId, input: { title: 'A video', description: 'All of it', isPreview: true } };
  const files = { file: fixtures.video, thumbnail: fixtures.thumbnail };
  const { id: videoId } = dataOf(await ada.upload(gql.CreateVideoDocument, video, files)).createVideo;
  const toVideo = { videoId, file: null };
  dataOf(
    await ada.upload(gql.AddVideoCaptionDocument, { ...toVideo, input: { language: 'en' } }, { file: vttFile(VTT) }),
  );
  dataOf(await ada.upload(gql.AddVideoResourceDocument, toVideo, { file: fixtures.avif }));
  const image = { file: null, input: { altText: 'A picture' } };
  const { uploadImage } = dataOf(await ada.upload(gql.UploadImageDocument, image, { file: fixtures.avif }));
  const course = (inner: string): string => `course(id: "${courseId}") { ${inner} }`;
  const topics = (inner: string): string => course(`topics { ${inner} }`);
  ways = {
    Course: {
      id: courseId,
      toList: (items) => `courses { ${items} }`,
      list: ({ courses }: { courses: Connection }) => courses,
    },
    Topic: {
      id: topicId,
      toList: topics,
      list: (data: { course: { topics: Connection } }) => data.course.topics,
    },
    Video: {
      id: videoId,
      toList: (items) => topics(`nodes { videos { ${items} } }`),
      list: (data: { course: { topics: { nodes: [{ videos: Connection }] } } }) => data.course.topics.nodes[0].videos,
    },
    Image: {
      id: uploadImage.id,
      toList: (items) => `images { ${items} }`,
      list: ({ images }: { images: Connection }) => images,
    },
  };
});
afterAll(() => app.remove());

/** Every field of a type as a selection, with all that is in it. */
function fieldsOf(type: GraphQLObjectType): string[] {
  return Object.values(type.getFields()).map(selectionOf);
}

function selectionOf({ name, type }: GraphQLField<unknown, unknown>): string {
  const inner = getNamedType(type);
  if (isLeafType(inner)) return name;
  if (!isObjectType(inner)) throw new Error(`A test for ${name} is missing.`);
  return inner.name.endsWith('Connection')
    ? `${name} { totalCount nodes { id } }`
    : `${name} { ${fieldsOf(inner).join(' ')} }`;
}

/** A signed URL is made anew from time to time, for the same file. */
function withoutSignatures(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'urlExpiresAt') return typeof inner;
    return typeof inner === 'string' && inner.startsWith('http') ? new URL(inner).pathname : inner;
  });
  return JSON.parse(text);
}

async function ask(who: 'ada' | 'nobody', query: string): Promise<never> {
  const { token } = clients[who];
  return dataOf<never>(await graphql(app.url, query, {}, { token }));
}

const typeOf = (name: string): GraphQLObjectType => schema.getType(name) as GraphQLObjectType;

describe.each(['Course', 'Topic', 'Video', 'Image'])('a list of records of type %s', (name) => {
  const fields = fieldsOf(typeOf(name));

  it.each(name === 'Image' ? (['ada'] as const) : (['ada', 'nobody'] as const))(
    'gives %s each field as the whole record has it',
    async (who) => {
      const { id, toList, list } = ways[name]!;
      const query = `{ record: ${name.toLowerCase()}(id: "${id}") { ${fields.join(' ')} } }`;
      const { record } = (await ask(who, query)) as { record: Item };
      if (who === 'ada') expect(Object.entries(record).filter(([, value]) => value === null)).toEqual([]);
      for (const field of fields) {
        const [only = ''] = field.split(' ');
        const expected = withoutSignatures({ [only]: record[only] });
        const { nodes } = list(await ask(who, `{ ${toList(`nodes { ${field} }`)} }`));
        expect(withoutSignatures(nodes[0])).toEqual(expected);
        const { edges } = list(await ask(who, `{ ${toList(`edges { node { ${field} } }`)} }`));
        expect(withoutSignatures(edges[0]!.node)).toEqual(expected);
      }
    },
  );

  it('is read without the fields that no query needs', async () => {
    const { toList } = ways[name]!;
    const { commands } = await log.during(() => ask('ada', `{ ${toList(`nodes { ${fields.join(' ')} }`)} }`));
    const collection = `${name.toLowerCase()}s`;
    const found = commands.filter(({ name: command, command: { find } }) => command === 'find' && find === collection);
    const projections = found.map(({ command }) => command['projection'] as Readonly<Record<string, 0 | 1>>);
    const ofList = projections.filter((projection) => projection['_id'] === 1);
    expect(ofList.length).toBeGreaterThan(0);
    for (const projection of ofList) {
      expect(Object.values(projection)).not.toContain(0);
      expect(Object.keys(projection)).not.toEqual(expect.arrayContaining(['mediaRevision']));
    }
  });
});

describe('what a list of videos reads', () => {
  const read = async (items: string, rest = ''): Promise<readonly string[]> => {
    const { commands } = await log.during(() => ask('ada', `{ ${ways['Video']!.toList(items)} } ${rest}`));
    const { command } = commands.find(({ command: { find } }) => find === 'videos')!;
    return Object.keys(command['projection'] as object).sort();
  };

  it.each([
    ['the id', 'nodes { id __typename }', ['_id']],
    ['fields of both shapes', 'nodes { title } edges { node { isPreview } cursor }', ['_id', 'isPreview', 'title']],
    ['an alias', 'nodes { name: title }', ['_id', 'title']],
    ['a fragment in place', 'nodes { ... on Video { title } ... { createdAt } }', ['_id', 'createdAt', 'title']],
    [
      'what a resolver needs',
      'nodes { isLocked durationSeconds }',
      [...['_id', 'durationSeconds', 'file.durationSeconds', 'isPreview']],
    ],
    ['a part beside the whole', 'nodes { isAudio file { size } }', ['_id', 'file', 'isPreview']],
    ['no record at all', 'totalCount pageInfo { endCursor }', ['_id']],
  ])('is %s', async (_what, items, paths) => {
    expect(await read(items)).toEqual([...paths].sort());
  });

  it('follows named fragments', async () => {
    const fragments = 'fragment A on VideoConnection { nodes { ...B } } fragment B on Video { title }';
    expect(await read('...A', fragments)).toEqual(['_id', 'title']);
  });

  it('is told apart for two lists of one query', async () => {
    const { toList } = ways['Video']!;
    const two = `{ ${toList('nodes { title }')} other: ${toList('nodes { id isPreview }')} }`;
    expect(await ask('ada', two)).toMatchObject({
      course: { topics: { nodes: [{ videos: { nodes: [{ title: 'A video' }] } }] } },
      other: { topics: { nodes: [{ videos: { nodes: [{ isPreview: true }] } }] } },
    });
  });
});
