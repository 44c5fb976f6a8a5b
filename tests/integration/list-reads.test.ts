import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { ImageModel } from '../../src/catalog/image/image.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertCourses, insertImages, insertTopics, type CourseSeed } from '../support/catalogue-seed.js';
import { clientOf, type Client } from '../support/client.js';
import { endUpkeep, explainFind, logCommands, type CommandLog, type SentCommand } from '../support/commands.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { sampleOf } from '../support/scope.js';
import { dataOf } from '../support/graphql-client.js';

const PAGE = 3;
/** The number of documents before the hundredth page. */
const BEFORE_LAST = 99 * PAGE;
const MANY = BEFORE_LAST + PAGE + 10;
const COURSES = 400;
/** Public courses and the viewer's own; after a cursor, each has a command for equal and one for later values. */
const MAX_COMMANDS = 4;
/** The maximum of documents that a list reads for each document that it returns. */
const READS_PER_DOCUMENT = 3;

/**
 * What a list reads is told by the `explain` of the embedded database. That of the independent server is to be
 * believed for one filtered field alone: it ignores the limit, and calls two indexed fields together a scan of the
 * collection. There these tests check the commands, what comes back, and the index of the list of one filtered field.
 */
const tellsTheTruth = inject('mongodbUri') === null;

type Who = 'nobody' | 'bob' | 'admin';
const WHO: readonly Who[] = ['nobody', 'bob', 'admin'];
const ORDERS: readonly gql.CourseOrder[] = ['CREATED_AT_ASC', 'CREATED_AT_DESC', 'TITLE_ASC', 'TITLE_DESC'];
/** The orders whose reads are measured; where they cannot be measured, and in `npm test`, one for each field. */
const MEASURED_ORDERS = tellsTheTruth ? sampleOf(ORDERS, 2) : ORDERS.slice(1, 3);

let app: TestApp;
let log: CommandLog;
let clients: Record<Who, Client>;

beforeAll(async () => {
  log = logCommands();
  app = await startApp();
  await endUpkeep(app);
  const bob = await clientOf(app, 'bob');
  clients = { nobody: await clientOf(app), bob, admin: await clientOf(app, 'root', 'admin') };
  const began = Date.now() - 1_000_000;
  const courses = Array.from({ length: COURSES }, (_, i): CourseSeed => {
    const title = `Course ${String((i * 37) % COURSES).padStart(4, '0')}${i % 40 === 0 ? ' rare' : ''}`;
    return {
      title,
      description: `common ${i % 3 === 0 ? 'third' : 'other'}`,
      instructorId: 'ada',
      category: i % 16 === 0 ? 'small' : 'big',
      level: i % 5 === 0 ? 'BEGINNER' : 'ADVANCED',
      createdAt: new Date(began + i * 1_000),
    };
  });
  const drafts = Array.from({ length: 40 }, (_, i): CourseSeed => {
    return {
      title: `Course 0${i}00 draft`,
      instructorId: 'bob',
      status: 'DRAFT',
      createdAt: new Date(began + i * 9_999),
    };
  });
  await insertCourses([...courses, ...drafts]);
  await bob.upload(gql.UploadImageDocument, { file: null }, { file: fixtures.avif }).then(dataOf);
  await insertImages(MANY, (await ImageModel.findOne().lean())!);
});
afterAll(() => app.remove());

interface Measured {
  readonly ids: readonly string[];
  readonly titles: readonly string[];
  readonly endCursor: string | null;
  readonly finds: readonly SentCommand[];
}

async function page(who: Who, variables: gql.CoursePageOfListQueryVariables): Promise<Measured> {
  const asked = () => clients[who].send(gql.CoursePageOfListDocument, variables);
  const { result, commands } = await log.during(asked);
  const { nodes, pageInfo } = dataOf(result).courses;
  expect(new Set(commands.map(({ name }) => name))).toEqual(new Set(['find']));
  expect(commands.length).toBeLessThanOrEqual(MAX_COMMANDS);
  return {
    ids: nodes.map(({ id }) => id),
    titles: nodes.map(({ title }) => title),
    endCursor: pageInfo.endCursor,
    finds: commands,
  };
}

async function docsExamined(finds: readonly SentCommand[]): Promise<number> {
  const costs = await Promise.all(finds.map(explainFind));
  return costs.reduce((sum, cost) => sum + cost.docsExamined, 0);
}

/** Returns the cursor at which the hundredth page begins. */
async function cursorOfHundredth(who: Who, variables: gql.CoursePageOfListQueryVariables): Promise<string> {
  let after: string | null = null;
  for (let left = BEFORE_LAST; left > 0; left -= 99) {
    after = (await page(who, { ...variables, first: 99, after })).endCursor;
  }
  return after!;
}

/** Checks the first and the hundredth page of a list. */
async function expectFewReads(who: Who, list: gql.CoursePageOfListQueryVariables): Promise<void> {
  const first = await page(who, { ...list, first: PAGE });
  const after = await cursorOfHundredth(who, list);
  const hundredth = await page(who, { ...list, first: PAGE, after });
  expect(new Set([...first.ids, ...hundredth.ids]).size).toBe(2 * PAGE);
  for (const { finds } of [first, hundredth]) {
    for (const { command } of finds) expect(Number(command['limit'])).toBeLessThanOrEqual(PAGE + 1);
    if (tellsTheTruth) expect(await docsExamined(finds)).toBeLessThanOrEqual(READS_PER_DOCUMENT * PAGE);
  }
}

describe.each(sampleOf(WHO, 2))('a list of courses for the viewer %s', (who) => {
  const FILTERS: [string, gql.CourseFilter][] = [
    ['no filter', {}],
    ['a category', { category: 'big' }],
    ['a level', { level: 'ADVANCED' }],
    ['an instructor', { instructorId: 'ada' }],
    ['a status', { status: 'PUBLISHED' }],
  ];

  it.each(sampleOf(FILTERS, 3))(
    'reads at most 3 documents for each returned one, on the first and the hundredth page: %s',
    async (_what, filter) => {
      for (const orderBy of MEASURED_ORDERS) await expectFewReads(who, { filter, orderBy });
    },
  );

  it('with several filters reads no more than with the most selective one', async () => {
    const filters = { category: 'small', level: 'BEGINNER', instructorId: 'ada', status: 'PUBLISHED' } as const;
    for (const orderBy of MEASURED_ORDERS) {
      const combined = await page(who, { filter: filters, orderBy, first: 100 });
      expect(combined.titles).toHaveLength(5);
      if (!tellsTheTruth) continue;
      const alone: number[] = [];
      for (const [name, value] of Object.entries(filters)) {
        const { finds } = await page(who, { filter: { [name]: value }, orderBy, first: 100 });
        alone.push(await docsExamined(finds));
      }
      expect(await docsExamined(combined.finds)).toBeLessThanOrEqual(Math.min(...alone));
    }
  });

  /** The number of documents with a word that begins so, which is what a search for it may read. */
  const matchesOf = (word: string): Promise<number> =>
    CourseModel.countDocuments({ words: { $elemMatch: { $gte: word, $lt: `${word}\u{10FFFF}` } } });

  const SEARCHES: [string, gql.CourseFilter][] = [
    ['rare', {}],
    ['rar', {}],
    ['rare common', {}],
    ['common rare third', {}],
    ['rare', { category: 'small' }],
    ['third rare', { level: 'BEGINNER' }],
    ['nowhere', {}],
    ['rare nowhere', {}],
  ];
  it.each(sampleOf(SEARCHES, 4))('reads no more documents than one word matches: %s %j', async (search, more) => {
    const matches = Math.max(...(await Promise.all(search.split(' ').map(matchesOf))));
    for (const orderBy of MEASURED_ORDERS) {
      const variables = { filter: { search, ...more }, orderBy, first: PAGE };
      const first = await page(who, variables);
      for (const title of first.titles) expect(title).toMatch(/rare/);
      expect(first.titles).toHaveLength(search.includes('nowhere') ? 0 : PAGE);
      const pages = [first];
      if (first.endCursor !== null) pages.push(await page(who, { ...variables, after: first.endCursor }));
      if (!tellsTheTruth) continue;
      for (const { finds } of pages) {
        for (const find of finds) expect((await explainFind(find)).docsExamined).toBeLessThanOrEqual(matches);
      }
    }
  });
});

describe('other lists', () => {
  it.each(['bob', 'admin'] as const)('images read at most 3 documents for each returned one: %s', async (who) => {
    const images = async (variables: gql.ImagePageOfListQueryVariables) => {
      const { result, commands } = await log.during(() => clients[who].send(gql.ImagePageOfListDocument, variables));
      return { ...dataOf(result).images, commands };
    };
    let after: string | null = null;
    for (let left = BEFORE_LAST; left > 0; left -= 99) after = (await images({ first: 99, after })).pageInfo.endCursor;
    for (const cursor of [null, after]) {
      const { nodes, commands } = await images({ first: PAGE, after: cursor });
      expect([nodes.length, new Set(commands.map(({ name }) => name))]).toEqual([PAGE, new Set(['find'])]);
      expect(commands.length).toBeLessThanOrEqual(MAX_COMMANDS);
      if (tellsTheTruth) expect(await docsExamined(commands)).toBeLessThanOrEqual(READS_PER_DOCUMENT * PAGE);
    }
  });

  it('topics of a course read at most 3 documents for each returned one', async () => {
    const [courseId = ''] = await insertCourses([{ title: 'Of many topics', instructorId: 'ada' }]);
    const topicIds = await insertTopics(courseId, MANY);
    const topics = async (variables: { first: number; after: string | null }) => {
      const asked = () => clients.nobody.send(gql.TopicPageOfCourseDocument, { id: courseId, ...variables });
      const { result, commands } = await log.during(asked);
      return { ...dataOf(result).course!.topics, commands };
    };
    let after: string | null = null;
    for (let left = BEFORE_LAST; left > 0; left -= 99) after = (await topics({ first: 99, after })).pageInfo.endCursor;
    for (const [cursor, begin] of [
      [null, 0],
      [after, BEFORE_LAST],
    ] as const) {
      const { nodes, commands } = await topics({ first: PAGE, after: cursor });
      expect(nodes.map(({ id }) => id)).toEqual(topicIds.slice(begin, begin + PAGE));
      expect(commands.map(({ name, command }) => [name, command['find']])).toEqual([
        ['find', 'courses'],
        ['find', 'topics'],
      ]);
      if (tellsTheTruth) expect(await docsExamined(commands.slice(1))).toBeLessThanOrEqual(READS_PER_DOCUMENT * PAGE);
    }
  });

  it('a list with one filtered field uses its index', async () => {
    for (const [orderBy, index] of [
      ['CREATED_AT_DESC', 'listKeys_1_createdAt_1__id_1'],
      ['TITLE_ASC', 'listKeys_1_titleKey_1__id_1'],
    ] as const) {
      const { finds } = await page('nobody', { orderBy, first: PAGE });
      const { plan } = await explainFind(finds[0]!);
      expect(plan).toContain('IXSCAN');
      if (tellsTheTruth) expect(plan).toContain(index);
      else expect(plan).toContain('listKeys_1_');
    }
  });
});

describe('pages of courses with equal titles and dates', () => {
  it('read at most 3 documents for each returned one', async () => {
    const twin = { title: 'Twin', instructorId: 'eve', category: 'twins', createdAt: new Date(1_700_000_000_000) };
    await insertCourses(Array.from({ length: MANY }, () => twin));
    for (const orderBy of MEASURED_ORDERS) await expectFewReads('nobody', { filter: { category: 'twins' }, orderBy });
  });

  it.each(ORDERS)('neither repeat nor lose a course while others are created and deleted: %s', async (orderBy) => {
    const category = `moving ${orderBy}`;
    const seed = { title: 'Same', instructorId: 'eve', category, createdAt: new Date(1_700_000_000_000) };
    const ids = await insertCourses(Array.from({ length: 12 }, () => seed));
    const [stay, go] = [ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)];
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const next = await page('nobody', { filter: { category }, orderBy, first: 2, after });
      seen.push(...next.ids);
      after = next.ids.length === 2 ? next.endCursor : null;
      await insertCourses([seed]);
      const [id] = go.splice(0, 1);
      if (id !== undefined) dataOf(await clients.admin.send(gql.DeleteCourseDocument, { id }));
    } while (after !== null && seen.length < 100);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(stay));
    expect(seen.length).toBeLessThan(40);
  });
});
