import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertTopicsWithVideos } from '../support/catalogue-seed.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CourseTreeDocument, ImagesDocument, UploadImageDocument } from '../support/gql/graphql.js';
import type { CourseTreeQuery, CourseTreeQueryVariables } from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';

let app: TestApp;
let ada: Client;
beforeAll(async () => {
  app = await startApp();
  ada = await clientOf(app, 'ada');
});
afterAll(() => app.remove());

type Tree = NonNullable<CourseTreeQuery['course']>;

async function tree(variables: CourseTreeQueryVariables): Promise<Tree> {
  return dataOf(await (await clientOf(app)).send(CourseTreeDocument, variables)).course!;
}

const titlesOf = (list: { nodes: readonly { title: string }[] }): string[] => list.nodes.map(({ title }) => title);

describe('topics and videos', () => {
  it('are listed in the order of their creation, with their count', async () => {
    const { id } = await createCourse(ada, { title: 'In order' });
    const topics: string[] = [];
    for (const title of ['Zeta', 'Alpha', 'Middle']) topics.push(await createTopic(ada, id, title));
    for (const title of ['v3', 'v1', 'v2']) await createVideo(ada, topics[1]!, title);
    const course = await tree({ id });
    expect(titlesOf(course.topics)).toEqual(['Zeta', 'Alpha', 'Middle']);
    expect(course.topics.totalCount).toBe(3);
    expect(course.topics.nodes.map(({ videos }) => titlesOf(videos))).toEqual([[], ['v3', 'v1', 'v2'], []]);
    expect(course.topics.nodes.map(({ videos }) => videos.totalCount)).toEqual([0, 3, 0]);
    expect(course.topics.nodes.map(({ id: topicId }) => topicId)).toEqual(topics);
  });

  it('are all listed when many are created concurrently', async () => {
    const { id } = await createCourse(ada, { title: 'At once' });
    const topics = Array.from({ length: 10 }, (_, i) => `Topic ${i}`);
    const ids = await Promise.all(topics.map((title) => createTopic(ada, id, title)));
    const videos = Array.from({ length: 10 }, (_, i) => `Video ${i}`);
    await Promise.all(videos.map((title) => createVideo(ada, ids[0]!, title)));
    const course = await tree({ id });
    expect(titlesOf(course.topics).sort()).toEqual(topics);
    const first = course.topics.nodes.find((topic) => topic.id === ids[0]);
    expect(titlesOf(first!.videos).sort()).toEqual(videos);
  });

  async function topicPages(
    variables: CourseTreeQueryVariables,
    between: (page: number) => Promise<unknown> = async () => undefined,
  ): Promise<string[][]> {
    const pages: string[][] = [];
    let afterTopic: string | null = null;
    for (let page = 1; ; page++) {
      const { topics } = await tree({ ...variables, afterTopic });
      pages.push(titlesOf(topics));
      if (!topics.pageInfo.hasNextPage) return pages;
      await between(page);
      afterTopic = topics.pageInfo.endCursor;
    }
  }

  it('are listed in pages that stay stable while topics are created and deleted', async () => {
    const { id } = await createCourse(ada, { title: 'Paged' });
    const ids: Record<string, string> = {};
    for (const title of ['a', 'b', 'c', 'd', 'e', 'f']) ids[title] = await createTopic(ada, id, title);
    expect(await topicPages({ id, topics: 4 })).toEqual([
      ['a', 'b', 'c', 'd'],
      ['e', 'f'],
    ]);
    expect(await topicPages({ id, topics: 6 })).toEqual([['a', 'b', 'c', 'd', 'e', 'f']]);
    const found = await topicPages({ id, topics: 2 }, async (page) => {
      if (page === 1) {
        // Deletes the topic that the cursor names, as a deletion does. The new topic comes last.
        await CourseModel.updateOne({ _id: id }, { $pull: { topicIds: ids['b'] } });
        await TopicModel.updateOne({ _id: ids['b']! }, { $set: { deletedAt: new Date() } });
        await createTopic(ada, id, 'g');
      }
    });
    expect(found).toEqual([['a', 'b'], ['c', 'd'], ['e', 'f'], ['g']]);
  });

  it('are listed without deleted videos and without ids that have no video', async () => {
    const { id } = await createCourse(ada, { title: 'With gaps' });
    const topicId = await createTopic(ada, id, 'Gaps');
    const gone = await createVideo(ada, topicId, 'gone');
    await createVideo(ada, topicId, 'here');
    await TopicModel.updateOne({ _id: topicId }, { $push: { videoIds: 'never-came' } });
    await createVideo(ada, topicId, 'there');
    await VideoModel.updateOne({ _id: gone.id }, { $set: { deletedAt: new Date() } });
    const { videos } = (await tree({ id, videos: 2 })).topics.nodes[0]!;
    expect([titlesOf(videos), videos.totalCount, videos.pageInfo.hasNextPage]).toEqual([['here', 'there'], 2, false]);
  });

  it('refuse an invalid page with BAD_USER_INPUT', async () => {
    const { id } = await createCourse(ada, { title: 'No page' });
    await createTopic(ada, id, 'One');
    for (const variables of [{ topics: -1 }, { afterTopic: 'nonsense' }, { videos: -1 }, { afterVideo: 'WzFd' }]) {
      const answer = await ada.send(CourseTreeDocument, { id, ...variables });
      expect(errorCodes(answer)).toEqual(['BAD_USER_INPUT']);
    }
    expect(titlesOf((await tree({ id, topics: 1_000 })).topics)).toEqual(['One']);
    expect((await tree({ id, topics: 0 })).topics.nodes).toEqual([]);
  });

  it('are listed with at most 100 on a page', async () => {
    const { id } = await createCourse(ada, { title: 'A hundred' });
    const { id: patternId } = await createVideo(ada, await createTopic(ada, id, 'First'), 'Pattern');
    const pattern = (await VideoModel.findById(patternId).lean())!;
    await insertTopicsWithVideos(id, { topics: 1, videosEach: 101 }, pattern);
    const numbers = Array.from({ length: 101 }, (_, i) => `Video ${i}`);
    const ofHundred = async (variables: CourseTreeQueryVariables) =>
      (await tree(variables)).topics.nodes.find(({ videos }) => videos.totalCount === 101)!.videos;
    const videos = await ofHundred({ id, videos: 5_000 });
    expect([titlesOf(videos), videos.totalCount, videos.pageInfo.hasNextPage]).toEqual([
      numbers.slice(0, 100),
      101,
      true,
    ]);
    expect(titlesOf(await ofHundred({ id }))).toEqual(numbers.slice(0, 20));
  });
});

describe('images', () => {
  let mine: string[];
  let others: string[];

  async function uploadImages(client: Client, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const answer = await client.upload(UploadImageDocument, { file: null }, { file: fixtures.png });
      ids.unshift(dataOf(answer).uploadImage.id);
    }
    return ids;
  }

  beforeAll(async () => {
    mine = await uploadImages(ada, 3);
    others = await uploadImages(await clientOf(app, 'bob'), 2);
  });

  it("are listed with the newest first: the viewer's own, or all for admins", async () => {
    const own = dataOf(await ada.send(ImagesDocument, {})).images;
    expect([own.nodes.map(({ id }) => id), own.totalCount]).toEqual([mine, 3]);
    const admin = await clientOf(app, 'root', 'admin');
    const all = dataOf(await admin.send(ImagesDocument, {})).images;
    expect([all.nodes.map(({ id }) => id), all.totalCount]).toEqual([[...others, ...mine], 5]);
    const student = await clientOf(app, 'sam', 'student');
    expect(dataOf(await student.send(ImagesDocument, {})).images).toMatchObject({ nodes: [], totalCount: 0 });
    expect(errorCodes(await (await clientOf(app)).send(ImagesDocument, {}))).toEqual(['UNAUTHENTICATED']);
  });

  it('are listed in pages', async () => {
    const first = dataOf(await ada.send(ImagesDocument, { first: 2 })).images;
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = dataOf(await ada.send(ImagesDocument, { first: 2, after: first.pageInfo.endCursor })).images;
    expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect([...first.nodes, ...second.nodes].map(({ id }) => id)).toEqual(mine);
    for (const variables of [{ first: -1 }, { after: 'nonsense' }]) {
      expect(errorCodes(await ada.send(ImagesDocument, variables))).toEqual(['BAD_USER_INPUT']);
    }
  });
});
