import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createCourse, createTopic } from '../../support/client.js';
import type { largeVideo } from '../upload-client/large-video.js';
import type { Person, Studio } from './studio.js';

/** Writes films to a folder, for all tests of the calling suite. Returns the path of a film by its number, from 1. */
export function useFilms(films: readonly ReturnType<typeof largeVideo>[]): (number: number) => string {
  let folder: string;
  const pathOf = (number: number): string => join(folder, `Film ${number}.mp4`);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lectern-films-'));
    for (const [index, { file }] of films.entries()) {
      await writeFile(pathOf(index + 1), Buffer.from(await file.arrayBuffer()));
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return pathOf;
}

/** Opens a new course with the empty topic "Films". */
export async function openTopic(studio: Studio, sub: string): Promise<Person & { readonly topicId: string }> {
  const person = await studio.signIn(sub);
  const { id } = await createCourse(person.client, { title: 'To fill' });
  const topicId = await createTopic(person.client, id, 'Films');
  await person.page.goto(studio.at(`/courses/${id}`));
  await person.page.getByLabel('Add videos to Films').waitFor();
  return { ...person, topicId };
}
