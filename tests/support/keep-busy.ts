import { createCourse, createTopic, createVideo, type Client } from './client.js';
import { fixtures } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { dataOf } from './graphql-client.js';

/** How many clients work at the same time. */
const LANES = 2;

export interface BusyServer {
  /** How many rounds of changes were made so far. */
  readonly rounds: () => number;
  /** Ends the work. Rejects when a request failed. */
  stop(): Promise<void>;
}

/**
 * Makes videos, replaces their files and deletes two of three, and makes and deletes courses, until it is stopped. After
 * a backup that was made meanwhile, every one of these changes is in it wholly or not at all.
 */
export async function keepBusy(client: Client): Promise<BusyServer> {
  const course = await createCourse(client, { title: 'Busy' }, { thumbnail: fixtures.png });
  const topicId = await createTopic(client, course.id, 'Busy');
  let running = true;
  let rounds = 0;
  const work = async (): Promise<void> => {
    while (running) {
      const { id: videoId } = await createVideo(client, topicId, 'Made', { file: fixtures.video });
      dataOf(await client.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file: fixtures.webm }));
      const doomed = await createCourse(client, { title: 'Doomed' }, { thumbnail: fixtures.png });
      if (rounds++ % 3 > 0) dataOf(await client.send(gql.DeleteVideoDocument, { id: videoId }));
      dataOf(await client.send(gql.DeleteCourseDocument, { id: doomed.id }));
    }
  };
  const working = Promise.all(Array.from({ length: LANES }, work));
  working.catch(() => undefined);
  return {
    rounds: () => rounds,
    stop: async () => {
      running = false;
      await working;
    },
  };
}
