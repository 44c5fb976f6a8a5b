import { afterAll, beforeAll, expect, it } from 'vitest';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertTopicsWithVideos } from '../support/catalogue-seed.js';
import { clientOf, type Client } from '../support/client.js';
import { endUpkeep, logCommands, type CommandLog } from '../support/commands.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { CoursePageDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { sampleOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { createTree } from '../support/tree.js';

const MAX_COMMANDS = 4;

onAnyStorage('a query for the page of a course', (storage) => {
  let app: TestApp;
  let log: CommandLog;
  let ada: Client;

  beforeAll(async () => {
    log = logCommands();
    app = await startApp(await storage.environment());
    await endUpkeep(app);
    ada = await clientOf(app, 'ada');
  });
  afterAll(() => app.remove());

  async function createCourse(topics: number, videosEach: number): Promise<string> {
    const { courseId, videoId } = await createTree(ada, { title: `${topics} topics of ${videosEach} videos` });
    const pattern = (await VideoModel.findById(videoId).lean())!;
    await insertTopicsWithVideos(courseId, { topics, videosEach }, pattern);
    return courseId;
  }

  const SIZES: readonly (readonly [number, number])[] = [
    [1, 1],
    [100, 2],
    [2, 100],
    [20, 10],
  ];
  it.each(sampleOf(SIZES, 2))(
    'of %i topics with %i videos each and all URLs sends at most 4 database commands',
    async (topics, videosEach) => {
      const id = await createCourse(topics, videosEach);
      for (const client of [ada, await clientOf(app, 'sam', 'student')]) {
        const { result, commands } = await log.during(() =>
          client.send(CoursePageDocument, { id, topics, videos: videosEach }),
        );
        const { course } = dataOf(result);
        const videos = course!.topics.nodes.flatMap((topic) => topic.videos.nodes);
        expect([course!.topics.nodes.length, videos.length]).toEqual([topics, topics * videosEach]);
        expect(commands.map(({ name }) => name).length).toBeGreaterThan(0);
        expect(commands.length).toBeLessThanOrEqual(MAX_COMMANDS);
        expect(new Set(commands.map(({ name }) => name))).toEqual(new Set(['find']));

        const last = videos.at(-1)!;
        expect(await downloadedSha256(last.videoUrl!)).toBe(fixtures.video.sha256);
        expect(await downloadedSha256(last.thumbnailUrl!)).toBe(fixtures.png.sha256);
        expect(await downloadedSha256(course!.introVideoUrl!)).toBe(fixtures.intro.sha256);
        for (const video of videos) {
          expect([video.isLocked, video.file?.url]).toEqual([false, video.videoUrl]);
          expect(video.captions!.length + video.resources!.length).toBe(2);
        }
      }
    },
  );

  it('returns no files of locked videos', async () => {
    const id = await createCourse(2, 3);
    const nobody = await clientOf(app);
    const asked = () => nobody.send(CoursePageDocument, { id, topics: 20, videos: 10 });
    const { result, commands } = await log.during(asked);
    const { course } = dataOf(result);
    expect(commands.length).toBeLessThanOrEqual(MAX_COMMANDS);
    const videos = course!.topics.nodes.flatMap((topic) => topic.videos.nodes);
    expect(videos).toHaveLength(6);
    for (const video of videos) {
      expect(video).toMatchObject({ isLocked: true, file: null, videoUrl: null, captions: null, resources: null });
      expect(video.thumbnailUrl).toBe(video.thumbnail?.url);
      expect(video.durationSeconds).toBeGreaterThan(1.8);
    }
    expect(await downloadedSha256(course!.thumbnailUrl!)).toBe(fixtures.webp.sha256);
    expect(await downloadedSha256(course!.introVideo!.url)).toBe(fixtures.intro.sha256);
  });
});
