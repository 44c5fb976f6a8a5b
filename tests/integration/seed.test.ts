import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { newEnvironment, startApp } from '../support/app.js';
import { lectern } from '../support/cli.js';
import { dataOf, graphql } from '../support/graphql-client.js';

const CATALOGUE = `{
  courses(orderBy: TITLE_ASC) {
    totalCount
    nodes {
      id title thumbnail { key sha256 } introVideo { key durationSeconds }
      topics { nodes { id title videos { nodes { id title durationSeconds isPreview isLocked videoUrl } } } }
    }
  }
}`;

interface Catalogue {
  courses: {
    totalCount: number;
    nodes: { title: string; topics: { nodes: { videos: { nodes: SeededVideo[] } }[] } }[];
  };
}
interface SeededVideo {
  isPreview: boolean;
  isLocked: boolean;
  videoUrl: string | null;
}

let environment: Environment & { readonly DATA_DIR: string };

async function seed(): Promise<string> {
  const { exitCode, stdout, stderr } = await lectern(environment, 'seed');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

beforeAll(async () => {
  environment = await newEnvironment();
});

afterAll(() => rm(environment.DATA_DIR, { recursive: true, force: true }));

describe('lectern seed', () => {
  it('creates a playable catalogue once, beside a server or alone, and changes nothing when it runs again', async () => {
    const first = await seed();
    expect(first).toMatch(/^Created 12 records\.\n/);
    for (const named of [
      'Sound for film',
      'Linear algebra, seen',
      '--sub lectern-seed --role instructor',
      '{ courses {',
    ]) {
      expect(first).toContain(named);
    }
    expect(await seed()).toMatch(/^The catalogue exists already\.\n.* lectern-seed\./);

    const server = await startApp({}, environment);
    try {
      const before = dataOf(await graphql<Catalogue>(server.url, CATALOGUE));
      expect(before.courses.nodes.map(({ title }) => title)).toEqual(['Linear algebra, seen', 'Sound for film']);
      const videos = before.courses.nodes.flatMap(({ topics }) =>
        topics.nodes.flatMap(({ videos: { nodes } }) => nodes),
      );
      expect(videos).toHaveLength(6);
      for (const { isPreview, isLocked, videoUrl } of videos) {
        expect(isLocked).toBe(!isPreview);
        if (isPreview) expect((await fetch(String(videoUrl))).status).toBe(200);
      }

      expect(await seed()).toMatch(/^The catalogue exists already\.\n.* lectern-seed\./);
      expect((await lectern(environment, 'sweep')).stdout).toBe('There was nothing to do.\n');
      expect(dataOf(await graphql<Catalogue>(server.url, CATALOGUE))).toEqual(before);
    } finally {
      await server.stop();
    }
  });
});
