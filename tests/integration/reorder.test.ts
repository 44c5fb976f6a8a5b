import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { dumpOf } from '../support/dump.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';

let app: TestApp;
let ada: Client;
beforeAll(async () => {
  app = await startApp();
  ada = await clientOf(app, 'ada');
});
afterAll(() => app.remove());

interface Outcome {
  /** Null when the request was refused. */
  readonly order: string[] | null;
  readonly code: string;
}

/** An ordered list: topics and videos follow the same rules. */
interface OrderedList {
  readonly name: string;
  readonly argument: string;
  /** Makes a new parent. */
  parent(): Promise<string>;
  add(parentId: string, title: string): Promise<string>;
  remove(id: string): Promise<unknown>;
  reorder(parentId: string, ids: string[]): Promise<Outcome>;
  read(parentId: string): Promise<{ order: string[]; totalCount: number }>;
  /** The stored list, including ids without a child. */
  kept(parentId: string): Promise<readonly string[]>;
  keep(parentId: string, ids: readonly string[]): Promise<unknown>;
}

const idsOf = (list: { nodes: readonly { id: string }[] }): string[] => list.nodes.map(({ id }) => id);

const LISTS: OrderedList[] = [
  {
    name: 'reorderTopics',
    argument: 'topicIds',
    parent: async () => (await createCourse(ada, { title: 'Of topics' })).id,
    add: (courseId, title) => createTopic(ada, courseId, title),
    remove: (id) => ada.send(gql.DeleteTopicDocument, { id }).then(dataOf),
    async reorder(courseId, topicIds) {
      const answer = await ada.send(gql.ReorderTopicsDocument, { courseId, topicIds });
      const list = answer.body.data?.reorderTopics.topics;
      return { order: list ? idsOf(list) : null, code: errorCodes(answer).join() };
    },
    async read(courseId) {
      const { topics } = dataOf(await ada.send(gql.TopicOrderDocument, { courseId })).course!;
      return { order: idsOf(topics), totalCount: topics.totalCount };
    },
    kept: async (courseId) => (await CourseModel.findById(courseId).lean())!.topicIds,
    keep: (courseId, topicIds) => CourseModel.updateOne({ _id: courseId }, { $set: { topicIds: [...topicIds] } }),
  },
  {
    name: 'reorderVideos',
    argument: 'videoIds',
    parent: async () => createTopic(ada, (await createCourse(ada, { title: 'Of videos' })).id, 'Of videos'),
    add: async (topicId, title) => (await createVideo(ada, topicId, title)).id,
    remove: (id) => ada.send(gql.DeleteVideoDocument, { id }).then(dataOf),
    async reorder(topicId, videoIds) {
      const answer = await ada.send(gql.ReorderVideosDocument, { topicId, videoIds });
      const list = answer.body.data?.reorderVideos.videos;
      return { order: list ? idsOf(list) : null, code: errorCodes(answer).join() };
    },
    async read(topicId) {
      const { videos } = dataOf(await ada.send(gql.VideoOrderDocument, { topicId })).topic!;
      return { order: idsOf(videos), totalCount: videos.totalCount };
    },
    kept: async (topicId) => (await TopicModel.findById(topicId).lean())!.videoIds,
    keep: (topicId, videoIds) => TopicModel.updateOne({ _id: topicId }, { $set: { videoIds: [...videoIds] } }),
  },
];

const TITLES = ['a', 'b', 'c', 'd', 'e'];

describe.each(LISTS.map((list) => [list.name, list] as const))('%s', (_name, list) => {
  const { argument, parent, add, remove, reorder, read, kept, keep } = list;

  async function family(count: number): Promise<{ parentId: string; ids: string[] }> {
    const parentId = await parent();
    const ids: string[] = [];
    for (const title of TITLES.slice(0, count)) ids.push(await add(parentId, title));
    return { parentId, ids };
  }

  it('sets the given order, and a new child comes last', async () => {
    const { parentId, ids } = await family(5);
    for (const order of [[...ids].reverse(), ids, [ids[2]!, ids[0]!, ids[4]!, ids[1]!, ids[3]!]]) {
      expect(await reorder(parentId, order)).toEqual({ order, code: '' });
      expect(await read(parentId)).toEqual({ order, totalCount: 5 });
    }
    const before = (await read(parentId)).order;
    expect((await reorder(parentId, before)).order).toEqual(before);
    const last = await add(parentId, 'last');
    expect((await read(parentId)).order).toEqual([...before, last]);
  });

  it('fails with CONFLICT for any list that does not contain the current children', async () => {
    const { parentId, ids } = await family(3);
    const [a = '', b = '', c = ''] = ids;
    const { parentId: otherParent, ids: others } = await family(1);
    const before = await dumpOf(app);
    const stale = [
      [],
      [a, b],
      [a, b, c, 'nothing'],
      [a, b, others[0]!],
      [c, b, ''],
      [...ids, ...others],
      ['$ne', a, b],
    ];
    for (const wrong of stale) expect(await reorder(parentId, wrong)).toEqual({ order: null, code: 'CONFLICT' });
    expect(await reorder(otherParent, [])).toEqual({ order: null, code: 'CONFLICT' });
    expect(await dumpOf(app)).toEqual(before);

    await add(parentId, 'meanwhile');
    expect((await reorder(parentId, [c, b, a])).code).toBe('CONFLICT');
    await remove(b);
    expect((await reorder(parentId, [c, b, a])).code).toBe('CONFLICT');
    const now = (await read(parentId)).order;
    expect((await reorder(parentId, [...now].reverse())).order).toEqual([...now].reverse());
  });

  it('fails with BAD_USER_INPUT when an id is given twice', async () => {
    const { parentId, ids } = await family(3);
    const [a = '', b = '', c = ''] = ids;
    const before = await dumpOf(app);
    for (const twice of [
      [a, a, b],
      [a, b, c, c],
      [a, a],
    ]) {
      expect(await reorder(parentId, twice)).toEqual({ order: null, code: 'BAD_USER_INPUT' });
    }
    expect(await dumpOf(app)).toEqual(before);
    const field = argument === 'topicIds' ? 'reorderTopics(courseId' : 'reorderVideos(topicId';
    const document = `mutation ($id: ID!, $ids: [ID!]!) { ${field}: $id, ${argument}: $ids) { id } }`;
    const { body } = await graphql(app.url, document, { id: parentId, ids: [a, a] }, { token: ada.token });
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields: [argument] } }]);
  });

  it('accepts an empty list for a parent without children', async () => {
    const parentId = await parent();
    expect(await reorder(parentId, [])).toEqual({ order: [], code: '' });
    const { parentId: emptied, ids } = await family(1);
    await remove(ids[0]!);
    expect(await reorder(emptied, [])).toEqual({ order: [], code: '' });
  });

  it('keeps the id of a child that is being created', async () => {
    const { parentId, ids } = await family(2);
    await keep(parentId, ['being made', ...ids]);
    const order = [...ids].reverse();
    expect(await reorder(parentId, order)).toEqual({ order, code: '' });
    expect(await kept(parentId)).toEqual([...order, 'being made']);
    expect((await read(parentId)).order).toEqual(order);
  });

  it('by several concurrent requests results in one of their orders', async () => {
    const { parentId, ids } = await family(4);
    const orders = ids.map((_, i) => [...ids.slice(i), ...ids.slice(0, i)]);
    const outcomes = await Promise.all(orders.map((order) => reorder(parentId, order)));
    expect(outcomes.filter(({ code }) => code === '').length).toBeGreaterThan(0);
    for (const { code } of outcomes) expect(['', 'CONFLICT']).toContain(code);
    const succeeded = orders.filter((_, i) => outcomes[i]?.code === '');
    expect(succeeded).toContainEqual((await read(parentId)).order);
  });

  it('during creations and deletions loses no child and restores none', async () => {
    for (let round = 0; round < 4; round++) {
      const { parentId, ids } = await family(4);
      const [gone = '', ...stay] = ids;
      const [outcomes, created] = await Promise.all([
        Promise.all(Array.from({ length: 4 }, () => reorder(parentId, [...ids].reverse()))),
        Promise.all(Array.from({ length: 4 }, (_, i) => add(parentId, `new ${i}`))),
        remove(gone),
      ]);
      for (const { code } of outcomes) expect(['', 'CONFLICT']).toContain(code);
      const { order, totalCount } = await read(parentId);
      expect([...order].sort()).toEqual([...stay, ...created].sort());
      expect(totalCount).toBe(7);
      expect([...(await kept(parentId))].sort()).toEqual([...order].sort());
      const next = [...order].reverse();
      expect(await reorder(parentId, next)).toEqual({ order: next, code: '' });
    }
  });
});
