import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { ImageModel } from '../../src/catalog/image/image.model.js';
import { videos } from '../../src/catalog/slot-owners.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createTopic, createVideo, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql } from '../support/graphql-client.js';
import { waitFor } from '../support/patience.js';
import { vttFile } from '../support/samples.js';
import { onAnyStorage } from '../support/storages.js';
import { addFullVideo, createTree, type CourseTree, type FullVideo } from '../support/tree.js';
import { leftAfterSweep, releasedObjects } from '../support/wholeness.js';

const ALIVE = { deletedAt: { $exists: false } };

onAnyStorage('deletion', (storage) => {
  let app: TestApp;
  let ada: Client;
  let bystander: CourseTree;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    bystander = await createTree(ada, { title: 'Stays as it is', category: 'cascade' });
  });
  afterAll(() => app.remove());

  const keysOf = ({ files }: CourseTree | FullVideo): string[] => Object.values(files).map(({ key }) => key);

  async function storedKeys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of app.app.storages.current.list('')) keys.push(key);
    return keys.sort();
  }

  /** Counts the records of a course that are not deleted: the course, its topics, its videos. */
  async function living({ courseId }: CourseTree): Promise<number[]> {
    const courses = await CourseModel.countDocuments({ _id: courseId, ...ALIVE });
    const topics = await TopicModel.countDocuments({ courseId, ...ALIVE });
    return [courses, topics, await VideoModel.countDocuments({ courseId, ...ALIVE })];
  }

  /** Expects the objects of these records, and no others, to be stored, and no work left for the sweeper. */
  async function expectStored(...trees: (CourseTree | FullVideo)[]): Promise<void> {
    await waitFor(async () => expect(await storedKeys()).toEqual([bystander, ...trees].flatMap(keysOf).sort()));
    await waitFor(async () => expect(await leftAfterSweep(app.app)).toBe(0));
  }

  it('of a course deletes its topics, videos and files, and nothing of other courses', async () => {
    const doomed = await createTree(ada, { title: 'Goes', category: 'cascade' });
    const second = await createTopic(ada, doomed.courseId, 'Second topic');
    const more = [await addFullVideo(ada, second, { title: 'One' }), await addFullVideo(ada, second, { title: 'Two' })];
    await createVideo(ada, second, 'With no file');
    await expectStored(doomed, ...more);
    expect(await living(doomed)).toEqual([1, 2, 4]);

    const answer = await ada.send(gql.DeleteCourseDocument, { id: doomed.courseId });
    expect(dataOf(answer).deleteCourse).toBe(doomed.courseId);
    await expectStored();
    expect(await living(doomed)).toEqual([0, 0, 0]);
    expect(await living(bystander)).toEqual([1, 1, 1]);
    expect((await fetch(doomed.files.videoFile.url)).status).toBe(404);
    expect(await downloadedSha256(bystander.files.videoFile.url)).toBe(fixtures.video.sha256);

    const admin = await clientOf(app, 'root', 'admin');
    for (const who of [ada, admin, await clientOf(app)]) {
      const page = dataOf(await who.send(gql.CoursesDocument, { filter: { category: 'cascade' } })).courses;
      expect([page.totalCount, page.nodes.map(({ id }) => id)]).toEqual([1, [bystander.courseId]]);
      const found = dataOf(await who.send(gql.CoursesDocument, { filter: { search: 'goes' } })).courses;
      expect([found.totalCount, found.nodes]).toEqual([0, []]);
      expect(dataOf(await who.send(gql.CourseFactsDocument, { id: doomed.courseId })).course).toBeNull();
      expect(dataOf(await who.send(gql.TopicDocument, { id: doomed.topicId })).topic).toBeNull();
      expect(dataOf(await who.send(gql.VideoDocument, { id: doomed.videoId })).video).toBeNull();
    }
    await expectNotFound(doomed);
  });

  /** Sends every mutation that concerns a course or a record below it. */
  async function expectNotFound({ courseId, topicId, videoId, captionId, resourceId }: CourseTree): Promise<void> {
    const input = { title: 'Late' };
    const file = null;
    const png = { file: fixtures.png };
    const mp4 = { file: fixtures.intro };
    const answers = [
      await ada.send(gql.UpdateCourseDocument, { id: courseId, input }),
      await ada.send(gql.DeleteCourseDocument, { id: courseId }),
      await ada.upload(gql.UploadCourseThumbnailDocument, { courseId, file }, png),
      await ada.upload(gql.UploadCourseIntroVideoDocument, { courseId, file }, mp4),
      await ada.send(gql.ReorderTopicsDocument, { courseId, topicIds: [topicId] }),
      await ada.send(gql.CreateTopicDocument, { courseId, input }),
      await ada.send(gql.UpdateTopicDocument, { id: topicId, input }),
      await ada.send(gql.DeleteTopicDocument, { id: topicId }),
      await ada.send(gql.ReorderVideosDocument, { topicId, videoIds: [videoId] }),
      await ada.upload(gql.CreateVideoDocument, { topicId, input }, mp4),
      await ada.upload(gql.UploadVideoDocument, { topicId, file }, mp4),
      await ada.send(gql.UpdateVideoDocument, { id: videoId, input }),
      await ada.send(gql.DeleteVideoDocument, { id: videoId }),
      await ada.upload(gql.ReplaceVideoFileDocument, { videoId, file }, mp4),
      await ada.upload(gql.UploadVideoThumbnailDocument, { videoId, file }, png),
      await ada.upload(gql.AddVideoCaptionDocument, { videoId, file, input: { language: 'en' } }, { file: vttFile() }),
      await ada.upload(gql.AddVideoResourceDocument, { videoId, file }, png),
      await ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId }),
      await ada.send(gql.DeleteVideoResourceDocument, { videoId, resourceId }),
    ];
    expect(answers.map(errorCodes)).toEqual(answers.map(() => ['NOT_FOUND']));
    await expectStored();
  }

  it('of a topic deletes its videos and files, and removes it from the order of the course', async () => {
    const kept = await createTree(ada, { title: 'Loses a topic' });
    const topicId = await createTopic(ada, kept.courseId, 'Goes');
    const gone = await addFullVideo(ada, topicId, { title: 'Goes, too' });
    expect(dataOf(await ada.send(gql.DeleteTopicDocument, { id: topicId })).deleteTopic).toBe(topicId);
    await expectStored(kept);
    expect(await living(kept)).toEqual([1, 1, 1]);
    const { topics } = dataOf(await ada.send(gql.TopicOrderDocument, { courseId: kept.courseId })).course!;
    expect(topics).toEqual({ totalCount: 1, nodes: [{ id: kept.topicId }] });
    expect(dataOf(await ada.send(gql.TopicDocument, { id: topicId })).topic).toBeNull();
    expect(dataOf(await ada.send(gql.VideoDocument, { id: gone.videoId })).video).toBeNull();
    expect(errorCodes(await ada.send(gql.DeleteTopicDocument, { id: topicId }))).toEqual(['NOT_FOUND']);
    expect(errorCodes(await ada.send(gql.DeleteVideoDocument, { id: gone.videoId }))).toEqual(['NOT_FOUND']);
    dataOf(await ada.send(gql.DeleteCourseDocument, { id: kept.courseId }));
    await expectStored();
  });

  it('of a video deletes its files, and removes it from the order of the topic', async () => {
    const kept = await createTree(ada, { title: 'Loses a video' });
    const gone = await addFullVideo(ada, kept.topicId, { title: 'Goes' });
    expect(dataOf(await ada.send(gql.DeleteVideoDocument, { id: gone.videoId })).deleteVideo).toBe(gone.videoId);
    await expectStored(kept);
    const { videos } = dataOf(await ada.send(gql.VideoOrderDocument, { topicId: kept.topicId })).topic!;
    expect(videos).toEqual({ totalCount: 1, nodes: [{ id: kept.videoId }] });
    expect(dataOf(await ada.send(gql.VideoDocument, { id: gone.videoId })).video).toBeNull();
    expect(errorCodes(await ada.send(gql.DeleteVideoDocument, { id: gone.videoId }))).toEqual(['NOT_FOUND']);
    dataOf(await ada.send(gql.DeleteCourseDocument, { id: kept.courseId }));
    await expectStored();
  });

  it('of an image deletes its file, and removes it from the list', async () => {
    const upload = async () =>
      dataOf(await ada.upload(gql.UploadImageDocument, { file: null }, { file: fixtures.png })).uploadImage;
    const [gone, kept] = [await upload(), await upload()];
    expect(dataOf(await ada.send(gql.DeleteImageDocument, { id: gone.id })).deleteImage).toBe(gone.id);
    expect(await app.app.storages.current.stat(gone.file.key)).toBeNull();
    expect(await downloadedSha256(kept.url)).toBe(fixtures.png.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await ImageModel.countDocuments(ALIVE)).toBe(1);
    expect(dataOf(await ada.send(gql.ImageDocument, { id: gone.id })).image).toBeNull();
    const { images } = dataOf(await ada.send(gql.ImagesDocument, {}));
    expect([images.totalCount, images.nodes.map(({ id }) => id)]).toEqual([1, [kept.id]]);
    expect(errorCodes(await ada.send(gql.DeleteImageDocument, { id: gone.id }))).toEqual(['NOT_FOUND']);
    dataOf(await ada.send(gql.DeleteImageDocument, { id: kept.id }));
    await expectStored();
  });

  it('of a course also deletes children that are being created meanwhile', async () => {
    for (let round = 0; round < 2; round++) {
      const tree = await createTree(ada, { title: `Raced ${round}` });
      const makers = Array.from({ length: 4 }, (_, i) => [
        ada.send(gql.CreateTopicDocument, { courseId: tree.courseId, input: { title: `Late topic ${i}` } }),
        ada.upload(gql.UploadVideoDocument, { topicId: tree.topicId, file: null }, { file: fixtures.intro }),
        ada.upload(gql.ReplaceVideoFileDocument, { videoId: tree.videoId, file: null }, { file: fixtures.webm }),
      ]);
      const deletion = ada.send(gql.DeleteCourseDocument, { id: tree.courseId });
      const answers = await Promise.all(makers.flat());
      expect(dataOf(await deletion).deleteCourse).toBe(tree.courseId);
      for (const answer of answers) expect(['', 'NOT_FOUND']).toContain(errorCodes(answer).join());
      await expectStored();
      expect(await living(tree)).toEqual([0, 0, 0]);
    }
  });

  it('of one course by several concurrent requests succeeds, or answers NOT_FOUND to the later ones', async () => {
    const tree = await createTree(ada, { title: 'Twice' });
    const answers = await Promise.all([1, 2, 3].map(() => ada.send(gql.DeleteCourseDocument, { id: tree.courseId })));
    const codes = answers.map((answer) => errorCodes(answer).join());
    expect(codes).toContain('');
    for (const code of codes) expect(['', 'NOT_FOUND']).toContain(code);
    expect(errorCodes(await ada.send(gql.DeleteCourseDocument, { id: tree.courseId }))).toEqual(['NOT_FOUND']);
    await expectStored();
  });

  it('of a video also deletes a file that was uploaded after access was checked', async () => {
    const tree = await createTree(ada, { title: 'Replaced meanwhile' });
    const { id } = await createVideo(ada, tree.topicId, 'Replaced meanwhile', { file: fixtures.video });
    const markDeleted = videos.markDeleted.bind(videos);
    const mark = vi.spyOn(videos, 'markDeleted').mockImplementationOnce(async (...update) => {
      dataOf(await ada.upload(gql.ReplaceVideoFileDocument, { videoId: id, file: null }, { file: fixtures.webm }));
      return markDeleted(...update);
    });
    try {
      dataOf(await ada.send(gql.DeleteVideoDocument, { id }));
      expect(mark).toHaveBeenCalledTimes(2);
    } finally {
      mark.mockRestore();
    }
    await expectStored(tree);
    dataOf(await ada.send(gql.DeleteCourseDocument, { id: tree.courseId }));
    await expectStored();
  });

  it('is visible within the same request: the course no longer lists a deleted topic', async () => {
    const tree = await createTree(ada, { title: 'In one request' });
    const document = `mutation ($topicId: ID!, $courseId: ID!) {
      deleteTopic(id: $topicId)
      updateCourse(id: $courseId, input: { title: "After" }) { title topics { totalCount nodes { id } } }
    }`;
    const { topicId, courseId } = tree;
    const answer = await graphql(app.url, document, { topicId, courseId }, { token: ada.token });
    expect(dataOf(answer)['updateCourse']).toEqual({ title: 'After', topics: { totalCount: 0, nodes: [] } });
    dataOf(await ada.send(gql.DeleteCourseDocument, { id: tree.courseId }));
    await expectStored();
  });

  it('is completed by the sweeper when the storage fails', async () => {
    const tree = await createTree(ada, { title: 'Later' });
    const deletion = vi.spyOn(app.app.storages.current, 'delete').mockRejectedValue(new Error('not now'));
    try {
      dataOf(await ada.send(gql.DeleteCourseDocument, { id: tree.courseId }));
      await waitFor(async () => expect(await releasedObjects()).toHaveLength(keysOf(tree).length));
    } finally {
      deletion.mockRestore();
    }
    expect(await storedKeys()).toEqual([bystander, tree].flatMap(keysOf).sort());
    expect(dataOf(await ada.send(gql.CourseFactsDocument, { id: tree.courseId })).course).toBeNull();
    await app.app.sweeper.sweep();
    await expectStored();
  });
});
