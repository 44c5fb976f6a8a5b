import { useApolloClient } from '@apollo/client/react';
import { useState } from 'react';
import { titleOf } from '../format.js';
import { CreateTopicDocument, CreateVideoDocument } from '../gql/graphql.js';
import { isOfKind } from '../ui/file-kinds.js';
import { preflight } from '../uploads/preflight.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import type { GivenFile } from './file-drag.js';
import { appendInCache } from './list-cache.js';

/** Videos for a topic: an existing one, or one to be made with this title. */
interface Batch {
  readonly topicId?: string;
  readonly topicTitle?: string;
  readonly files: readonly GivenFile[];
}

export interface Adding {
  /** How many files are still to be checked, or videos to be made. */
  readonly left: number;
  /** What was left out, and why. */
  readonly notices: readonly string[];
  readonly error: unknown;
  /** Continues with what an error has stopped. */
  readonly retry: () => void;
  readonly addTo: (topicId: string, files: readonly GivenFile[]) => Promise<void>;
  /** Each folder becomes a topic. */
  readonly addFolders: (files: readonly GivenFile[]) => Promise<void>;
}

/** The longest title that the API takes, in characters. */
const MAX_TITLE = 200;

/** Makes a video of each file, in order, and hands the file to the tray of uploads. */
export function useAddVideos(courseId: string): Adding {
  const client = useApolloClient();
  const [left, setLeft] = useState(0);
  const [notices, setNotices] = useState<readonly string[]>([]);
  const [error, setError] = useState<unknown>();
  const [rest, setRest] = useState<readonly Batch[]>([]);

  const createTopic = async (title: string): Promise<string> => {
    const { data } = await client.mutate({
      mutation: CreateTopicDocument,
      variables: { courseId, input: { title: title.slice(0, MAX_TITLE) } },
      update: (cache, result) => {
        const id = result.data?.createTopic.id;
        if (id !== undefined) appendInCache(cache, { type: 'Course', id: courseId, field: 'topics' }, id);
      },
    });
    return idOf(data?.createTopic);
  };

  const createVideo = async (topicId: string, { name, size, source }: GivenFile): Promise<void> => {
    const { data } = await client.mutate({
      mutation: CreateVideoDocument,
      variables: { topicId, input: { title: titleOf(name).slice(0, MAX_TITLE) } },
      update: (cache, result) => {
        const id = result.data?.createVideo.id;
        if (id !== undefined) appendInCache(cache, { type: 'Topic', id: topicId, field: 'videos' }, id);
      },
    });
    uploads.start(source, { slot: 'VIDEO_FILE', ownerId: idOf(data?.createVideo) }, size);
  };

  const run = async (batches: readonly Batch[]): Promise<void> => {
    let waiting = batches;
    setError(undefined);
    const count = (): number => waiting.reduce((sum, { files }) => sum + files.length, 0);
    try {
      for (let batch = waiting[0]; batch; batch = waiting[0]) {
        setLeft(count());
        const topicId = batch.topicId ?? (await createTopic(batch.topicTitle ?? ''));
        const [file, ...others] = batch.files;
        // Remembered before the next step, so that a retry makes neither the topic nor a video twice.
        waiting = [{ topicId, files: batch.files }, ...waiting.slice(1)];
        if (file) await createVideo(topicId, file);
        waiting = others.length > 0 ? [{ topicId, files: others }, ...waiting.slice(1)] : waiting.slice(1);
      }
    } catch (thrown) {
      setError(thrown);
    }
    setRest(waiting);
    setLeft(0);
  };

  const begin = async (batches: readonly Batch[], files: readonly GivenFile[]): Promise<void> => {
    const skipped = files.filter((file) => !isOfKind(file, 'video')).map(({ name }) => name);
    const isNothing = batches.every((batch) => batch.files.length === 0);
    if (isNothing) return setNotices([words.course.foreign]);
    setNotices([]);
    setLeft(files.length - skipped.length);
    const { sendable, refusals } = await checked(batches);
    setNotices(skipped.length > 0 ? [words.course.skipped(skipped.join(', ')), ...refusals] : refusals);
    await run(sendable);
  };

  return {
    left,
    notices,
    error,
    retry: () => void run(rest),
    addTo: (topicId, files) => begin([{ topicId, files: videosOf(files) }], files),
    addFolders: (files) => begin(batchesOf(videosOf(files)), files),
  };
}

/** Leaves out what the server would refuse, before a topic or a video is made for it. */
async function checked(batches: readonly Batch[]) {
  const sendable: Batch[] = [];
  const refusals: string[] = [];
  for (const batch of batches) {
    const files: GivenFile[] = [];
    for (const file of batch.files) {
      const { refusal } = await preflight(file.source, file.name, 'VIDEO_FILE');
      if (refusal) refusals.push(refusal.message);
      else files.push(file);
    }
    if (files.length > 0) sendable.push({ ...batch, files });
  }
  return { sendable, refusals };
}

function videosOf(files: readonly GivenFile[]): GivenFile[] {
  return files.filter((file) => isOfKind(file, 'video'));
}

/** Groups files by the folder that they lie in. Files without a folder make a topic of their own. */
function batchesOf(files: readonly GivenFile[]): Batch[] {
  const groups = new Map<string, GivenFile[]>();
  for (const file of files) {
    const title = file.folders.at(-1) ?? words.course.videoCount(files.length);
    groups.set(title, [...(groups.get(title) ?? []), file]);
  }
  return [...groups].map(([topicTitle, ofTopic]) => ({ topicTitle, files: ofTopic }));
}

function idOf(created: { readonly id: string } | null | undefined): string {
  if (!created) throw new Error(words.errors.unknown);
  return created.id;
}
