import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertCourses } from '../support/catalogue-seed.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { CoursesDocument, type CoursesQuery, type CoursesQueryVariables } from '../support/gql/graphql.js';
import type { CourseFilter, CourseOrder, CreateCourseInput } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';

let app: TestApp;
let nobody: Client;
let ada: Client;
let admin: Client;

beforeAll(async () => {
  app = await startApp();
  nobody = await clientOf(app);
  ada = await clientOf(app, 'ada');
  admin = await clientOf(app, 'root', 'admin');
});
afterAll(() => app.remove());

async function list(client: Client, variables: CoursesQueryVariables): Promise<CoursesQuery['courses']> {
  return dataOf(await client.send(CoursesDocument, variables)).courses;
}

async function titles(client: Client, filter: CourseFilter, orderBy: CourseOrder = 'TITLE_ASC'): Promise<string[]> {
  return (await list(client, { filter, orderBy, first: 100 })).nodes.map(({ title }) => title);
}

async function createAll(client: Client, inputs: readonly CreateCourseInput[]): Promise<string[]> {
  const ids: string[] = [];
  for (const input of inputs) ids.push((await createCourse(client, input)).id);
  return ids;
}

/** Reads all pages in order. `between` is called before each page after the first. */
async function pages(
  variables: CoursesQueryVariables,
  between: (page: number) => Promise<unknown> = async () => undefined,
): Promise<string[][]> {
  const found: string[][] = [];
  let after: string | null = null;
  for (let page = 1; ; page++) {
    const { nodes, edges, pageInfo } = await list(nobody, { ...variables, after });
    expect(edges.map(({ node }) => node.id)).toEqual(nodes.map(({ id }) => id));
    expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    found.push(nodes.map(({ title }) => title));
    if (!pageInfo.hasNextPage) return found;
    await between(page);
    after = pageInfo.endCursor;
  }
}

describe('pages of courses', () => {
  const category = 'pages';
  const filter = { category };
  const NAMES = ['A', 'b', 'C', 'd', 'É', 'f', 'G'];

  beforeAll(() =>
    createAll(
      ada,
      NAMES.map((title) => ({ title, category })),
    ),
  );

  it.each<[CourseOrder, string[][]]>([
    ['TITLE_ASC', [['A', 'b', 'C'], ['d', 'É', 'f'], ['G']]],
    ['TITLE_DESC', [['G', 'f', 'É'], ['d', 'C', 'b'], ['A']]],
    ['CREATED_AT_ASC', [['A', 'b', 'C'], ['d', 'É', 'f'], ['G']]],
    ['CREATED_AT_DESC', [['G', 'f', 'É'], ['d', 'C', 'b'], ['A']]],
  ])('are in the order %s', async (orderBy, expected) => {
    expect(await pages({ filter, orderBy, first: 3 })).toEqual(expected);
    expect(await pages({ filter, orderBy, first: 7 })).toEqual([expected.flat()]);
    expect(await pages({ filter, orderBy, first: 1 })).toEqual(expected.flat().map((title) => [title]));
  });

  it('are newest first by default', async () => {
    expect((await list(nobody, { filter })).nodes.map(({ title }) => title)).toEqual([...NAMES].reverse());
  });

  it('have the total count, whatever their size', async () => {
    const { totalCount, pageInfo } = await list(nobody, { filter, first: 2 });
    expect([totalCount, pageInfo.hasNextPage]).toEqual([7, true]);
    expect(await list(nobody, { filter, first: 0 })).toMatchObject({
      totalCount: 7,
      nodes: [],
      pageInfo: { hasNextPage: true },
    });
    expect(await list(nobody, { filter: { category: 'nothing here' } })).toEqual({
      totalCount: 0,
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it('return each of several courses with equal titles once', async () => {
    const same = { category: 'same title' };
    await createAll(
      ada,
      Array.from({ length: 5 }, () => ({ title: 'Twin', ...same })),
    );
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await list(nobody, { filter: same, orderBy: 'TITLE_DESC', first: 2, after });
      seen.push(...page.nodes.map(({ id }) => id));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect([seen.length, new Set(seen).size]).toEqual([5, 5]);
  });

  it('neither repeat nor lose a course while others are created and deleted', async () => {
    const moving = { category: 'moving' };
    const named = (title: string) => ({ title, ...moving });
    await createAll(ada, ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'].map(named));
    const found = await pages({ filter: moving, orderBy: 'TITLE_ASC', first: 2 }, async (page) => {
      if (page === 1) {
        // A course before the cursor, one after it, and the deletion of the cursor's own course.
        await createAll(ada, ['a0', 'b2x', 'c9'].map(named));
        await CourseModel.deleteOne({ titleKey: 'b2' });
      }
      if (page === 2) await CourseModel.deleteOne({ titleKey: 'b5' });
    });
    expect(found).toEqual([['b1', 'b2'], ['b2x', 'b3'], ['b4', 'b6'], ['c9']]);
  });

  it('have at most 100 courses', async () => {
    const many = { category: 'many' };
    await insertCourses(Array.from({ length: 101 }, (_, i) => ({ title: `Many ${i}`, instructorId: 'ada', ...many })));
    const page = await list(nobody, { filter: many, first: 5_000 });
    expect([page.nodes.length, page.totalCount, page.pageInfo.hasNextPage]).toEqual([100, 101, true]);
    expect((await list(nobody, { filter: many })).nodes).toHaveLength(20);
  });

  it.each<[string, CoursesQueryVariables, string]>([
    ['a negative first', { first: -1 }, 'first'],
    ['an invalid cursor', { after: 'nonsense' }, 'after'],
    ['an empty cursor', { after: '' }, 'after'],
    ['a cursor of another order', { after: Buffer.from('["title","id"]').toString('base64url') }, 'after'],
    ['a cursor with an operator', { after: Buffer.from('[{"$gt":0},"id"]').toString('base64url') }, 'after'],
    ['a cursor without a date', { after: Buffer.from('[1e300,"id"]').toString('base64url') }, 'after'],
    ['a search of 201 characters', { filter: { search: 'x'.repeat(201) } }, 'filter.search'],
    ['an empty category', { filter: { category: ' ' } }, 'filter.category'],
  ])('are refused with BAD_USER_INPUT for %s', async (_what, variables, field) => {
    const { body } = await nobody.send(CoursesDocument, variables);
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields: [field] } }]);
  });
});

describe('filters of courses', () => {
  const category = 'filters';

  beforeAll(async () => {
    await createAll(ada, [
      { title: 'Ada beginner', category, level: 'BEGINNER' },
      { title: 'Ada advanced', category, level: 'ADVANCED' },
      { title: 'Ada draft', category, level: 'BEGINNER', status: 'DRAFT' },
      { title: 'Ada archived', category, status: 'ARCHIVED' },
    ]);
    const bob = await clientOf(app, 'bob');
    await createAll(bob, [
      { title: 'Bob beginner', category, level: 'BEGINNER' },
      { title: 'Bob draft', category, level: 'BEGINNER', status: 'DRAFT' },
    ]);
  });

  const PUBLIC = ['Ada advanced', 'Ada beginner', 'Bob beginner'];

  it.each<[string, string | undefined, 'admin' | 'instructor' | 'student', string[]]>([
    ['nobody', undefined, 'student', PUBLIC],
    ['a student', 'sam', 'student', PUBLIC],
    ['a student with the id of an instructor', 'ada', 'student', PUBLIC],
    ['an instructor without courses', 'eve', 'instructor', PUBLIC],
    [
      'an instructor',
      'ada',
      'instructor',
      ['Ada advanced', 'Ada archived', 'Ada beginner', 'Ada draft', 'Bob beginner'],
    ],
    [
      'an admin',
      'root',
      'admin',
      ['Ada advanced', 'Ada archived', 'Ada beginner', 'Ada draft', 'Bob beginner', 'Bob draft'],
    ],
  ])('return to %s the courses that they may see, and count no others', async (_who, sub, role, expected) => {
    const client = await clientOf(app, sub, role);
    for (const orderBy of ['TITLE_ASC', 'CREATED_AT_DESC'] as const) {
      const page = await list(client, { filter: { category }, orderBy });
      expect(page.nodes.map(({ title }) => title).sort()).toEqual(expected);
      expect(page.totalCount).toBe(expected.length);
    }
    const found = await titles(client, { category, search: 'draft' });
    expect(found).toEqual(expected.filter((title) => title.includes('draft')));
    const drafts = await list(client, { filter: { category, status: 'DRAFT' } });
    expect(drafts.totalCount).toBe(found.length);
  });

  it("return public courses and the viewer's own as one list of pages", async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await list(ada, { filter: { category }, orderBy: 'TITLE_ASC', first: 2, after });
      seen.push(...page.nodes.map(({ title }) => title));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(['Ada advanced', 'Ada archived', 'Ada beginner', 'Ada draft', 'Bob beginner']);
  });

  it('can be combined', async () => {
    expect(await titles(nobody, { category, level: 'BEGINNER' })).toEqual(['Ada beginner', 'Bob beginner']);
    expect(await titles(nobody, { category, instructorId: 'bob' })).toEqual(['Bob beginner']);
    expect(await titles(nobody, { category, level: 'ADVANCED', instructorId: 'bob' })).toEqual([]);
    expect(
      await titles(nobody, { category, status: 'PUBLISHED', level: 'BEGINNER', instructorId: 'ada', search: 'ada' }),
    ).toEqual(['Ada beginner']);
    expect(await titles(admin, { category, status: 'ARCHIVED' })).toEqual(['Ada archived']);
    expect(await titles(nobody, { category: 'Filters' })).toEqual([]);
    expect(await titles(nobody, { category: `  ${category} ` })).toEqual(PUBLIC);
  });
});

describe('search for courses', () => {
  const category = 'search';
  const search = (text: string) => titles(nobody, { category, search: text });

  beforeAll(() =>
    createAll(ada, [
      { title: 'Crème brûlée', description: 'Sugar, cream & fire', category },
      { title: 'C++ (advanced)', description: 'Templates. What a $price!', category },
      { title: 'ΓΕΩΜΕΤΡΙΑ für Anfänger', category },
      { title: '数学 入門', category },
      { title: 'Straße 42', description: 'x'.repeat(60), category },
    ]),
  );

  it.each<[string, string[]]>([
    ['creme', ['Crème brûlée']],
    ['CRÈME BRÛL', ['Crème brûlée']],
    ['brûlée crème', ['Crème brûlée']],
    ['fire', ['Crème brûlée']],
    ['crème fire', ['Crème brûlée']],
    ['crème templates', []],
    ['reme', []],
    ['γεωμετρια', ['ΓΕΩΜΕΤΡΙΑ für Anfänger']],
    ['anfanger', ['ΓΕΩΜΕΤΡΙΑ für Anfänger']],
    ['数学', ['数学 入門']],
    ['42', ['Straße 42']],
    ['c++', ['C++ (advanced)']],
    ['C', ['C++ (advanced)', 'Crème brûlée']],
    ['++', ['C++ (advanced)']],
    ['strasse', ['Straße 42']],
    ['&', ['Crème brûlée']],
    ['cream & sugar!', ['Crème brûlée']],
    ['🚀', []],
    ['price', ['C++ (advanced)']],
    ['x'.repeat(60), ['Straße 42']],
  ])('finds the right courses for %s', async (text, expected) => {
    expect((await search(text)).sort()).toEqual([...expected].sort());
  });

  it.each(['.*', '(', '[a', '\\', '^crème', '$price|x', '{"$gt":""}', '%', '*'])(
    'treats %j as text, and searches for signs only when there is no word',
    async (text) => {
      const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
      if (words.length > 0) expect(await search(text)).toEqual(await search(words.join(' ')));
      else expect(await search(text)).toEqual(text === '(' ? ['C++ (advanced)'] : []);
    },
  );

  it.each(['   ', ''])('with %j returns all courses', async (text) => {
    expect(await search(text)).toHaveLength(5);
  });

  it('finds nothing for a database operator', async () => {
    expect(await search('{"$gt":""}')).toEqual([]);
    expect(await search('^brulee')).toEqual(['Crème brûlée']);
  });
});

describe('search in many languages', () => {
  const category = 'typed';
  /** A title, searches that find it, and searches that do not. */
  const CASES: readonly [title: string, finds: readonly string[], findsNot: readonly string[]][] = [
    ['帆船入门课程', ['帆船', '入门', '帆船入门课程', '帆船 课程'], ['船入']],
    ['はばたく', ['はばたく'], ['ばば', 'ははたく']],
    ['ภาษาไทยเบื้องต้น', ['ไทย', 'ภาษาไทย'], ['าไทย']],
    ['हिन्दी सीखें', ['हिन्दी', 'सीखें'], ['हन']],
    ['Łódź na żaglach', ['lodz', 'Łódź', 'zaglach', 'łódź żag'], ['⛵', '!']],
    ['⛵ Sailing!', ['⛵', '⛵\uFE0F', '!', 'sailing ⛵'], ['🚀', '?']],
    ['C++ basics', ['c++', 'C', 'C++ bas'], ['🚀', 'c#', 'c+++']],
    ['Øre, Æsop & Þór', ['ore', 'aesop', 'thor', 'øre, æsop'], ['ø€']],
    ['كِتَاب', ['كتاب', 'كِتَاب'], ['كتب']],
    ['שָׁלוֹם', ['שלום'], ['שלם']],
    ['ΛΌΓΟΣ', ['λογος', 'λόγο'], ['λογα']],
    ['One two three four five six seven eight nine', ['one two three four five six seven eight nine'], ['one ten']],
  ];

  beforeAll(() =>
    createAll(
      ada,
      CASES.map(([title]) => ({ title, category })),
    ),
  );

  it.each(CASES)('finds %s', async (title, finds, findsNot) => {
    for (const search of finds)
      expect([search, await titles(nobody, { category, search })]).toEqual([search, expect.arrayContaining([title])]);
    for (const search of findsNot) {
      expect([search, (await titles(nobody, { category, search })).includes(title)]).toEqual([search, false]);
    }
  });

  it('uses the first 8 words', async () => {
    const search = 'one two three four five six seven eight ten';
    expect(await titles(nobody, { category, search })).toEqual([CASES.at(-1)![0]]);
  });
});
