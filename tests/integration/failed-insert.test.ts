import { afterAll, beforeAll, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CreateTopicDocument, CreateVideoDocument } from '../support/gql/graphql.js';
import { errorCodes } from '../support/graphql-client.js';

let app: TestApp;
let ada: Client;

beforeAll(async () => {
  app = await startApp();
  ada = await clientOf(app, 'ada');
  // With these indexes the database itself refuses a second record with the same title.
  await TopicModel.collection.createIndex({ title: 1 }, { unique: true });
  await VideoModel.collection.createIndex({ title: 1 }, { unique: true });
});
afterAll(() => app.remove());

it('a child that the database refuses is not added to the order of its parent', async () => {
  const { id: courseId } = await createCourse(ada, { title: 'A course' });
  const topicId = await createTopic(ada, courseId, 'Taken');
  const { id: videoId } = await createVideo(ada, topicId, 'Taken');

  const input = { title: 'Taken' };
  expect(errorCodes(await ada.send(CreateTopicDocument, { courseId, input }))).toEqual(['CONFLICT']);
  expect((await CourseModel.findById(courseId).lean())?.topicIds).toEqual([topicId]);
  expect(errorCodes(await ada.send(CreateVideoDocument, { topicId, input }))).toEqual(['CONFLICT']);
  const uploaded = await ada.upload(CreateVideoDocument, { topicId, input }, { file: fixtures.webm });
  expect(errorCodes(uploaded)).toEqual(['CONFLICT']);
  expect((await TopicModel.findById(topicId).lean())?.videoIds).toEqual([videoId]);
});
