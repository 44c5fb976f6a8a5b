import type { Client } from '../support/client.js';
import { download, sha256 as sha256Of } from '../support/download.js';
import { ShelfDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';

/** A file by its SHA-256; null for an empty slot. */
export type Held = string | null;

export interface ShelvedVideo {
  file: Held;
  thumbnail: Held;
  /** By label. */
  captions: Record<string, Held>;
}

export interface ShelvedCourse {
  thumbnail: Held;
  introVideo: Held;
  /** Videos by title, grouped by the title of their topic. */
  topics: Record<string, Record<string, ShelvedVideo>>;
}

/**
 * All that one instructor has, by names that are given once: so what a request made whose answer never came can be told
 * from everything else.
 */
export interface Shelf {
  readonly courses: Record<string, ShelvedCourse>;
  /** By alternative text. */
  readonly images: Record<string, Held>;
}

/** The shelf as a server shows it, and the ids of its records, by name. */
export interface SeenShelf {
  readonly shelf: Shelf;
  readonly ids: Map<string, string>;
}

export const EMPTY_SHELF: Shelf = { courses: {}, images: {} };

/** Reads a whole shelf as its owner does, and every file on it: a file counts as what its URL serves. */
export async function readShelf(client: Client, instructorId: string): Promise<SeenShelf> {
  const { courses, images } = dataOf(await client.send(ShelfDocument, { instructorId }));
  const ids = new Map<string, string>();
  const shelf: Shelf = { courses: {}, images: {} };
  for (const course of courses.nodes) {
    ids.set(course.title, course.id);
    const topics: ShelvedCourse['topics'] = {};
    for (const topic of course.topics.nodes) {
      ids.set(topic.title, topic.id);
      const videos: Record<string, ShelvedVideo> = (topics[topic.title] = {});
      for (const video of topic.videos.nodes) {
        ids.set(video.title, video.id);
        const captions: Record<string, Held> = {};
        for (const { id, label, file } of video.captions ?? []) {
          ids.set(label, id);
          captions[label] = await held(file);
        }
        videos[video.title] = { file: await held(video.file), thumbnail: await held(video.thumbnail), captions };
      }
    }
    const [thumbnail, introVideo] = [await held(course.thumbnail), await held(course.introVideo)];
    shelf.courses[course.title] = { thumbnail, introVideo, topics };
  }
  for (const { id, altText, file } of images.nodes) {
    ids.set(altText ?? '', id);
    shelf.images[altText ?? ''] = await held(file);
  }
  return { shelf, ids };
}

interface SeenFile {
  readonly key: string;
  readonly url: string;
  readonly sha256?: string | null;
  readonly size: number;
}

/** The SHA-256 of what a file's URL serves, which must match its record. */
async function held(file: SeenFile | null | undefined): Promise<Held> {
  if (!file) return null;
  const bytes = await download(file.url);
  const sha256 = sha256Of(bytes);
  if (sha256 !== file.sha256 || bytes.length !== file.size) {
    const said = `${String(file.sha256)} with ${file.size} bytes`;
    throw new Error(`${file.key} has ${sha256} with ${bytes.length} bytes, and its record says ${said}.`);
  }
  return sha256;
}
