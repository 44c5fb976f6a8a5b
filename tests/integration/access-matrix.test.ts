import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { dumpOf } from '../support/dump.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import type { CourseStatus } from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { OPERATIONS, type Operation, type Outcome, type Target } from '../support/operations-table.js';
import { everything, shareOf } from '../support/scope.js';
import { onAnyStorage } from '../support/storages.js';
import { createBareTree, createTree } from '../support/tree.js';
import { leftAfterSweep } from '../support/wholeness.js';

const ROLES = ['anonymous', 'student', 'other', 'owner', 'admin'] as const;
type Who = (typeof ROLES)[number];
const STATUSES: readonly CourseStatus[] = ['PUBLISHED', 'DRAFT', 'ARCHIVED'];

/** The outcome of each access rule for each role, by the status of the course. */
const RULES: Record<Operation['rule'], (status: CourseStatus) => Record<Who, Outcome>> = {
  anyone: () => ({ anonymous: 'ok', student: 'ok', other: 'ok', owner: 'ok', admin: 'ok' }),
  'signed in, else null': () => ({ anonymous: 'null', student: 'ok', other: 'ok', owner: 'ok', admin: 'ok' }),
  'signed in': () => ({ anonymous: 'UNAUTHENTICATED', student: 'ok', other: 'ok', owner: 'ok', admin: 'ok' }),
  author: () => ({ anonymous: 'UNAUTHENTICATED', student: 'FORBIDDEN', other: 'ok', owner: 'ok', admin: 'ok' }),
  uploader: () => ({
    anonymous: 'UNAUTHENTICATED',
    student: 'FORBIDDEN',
    other: 'FORBIDDEN',
    owner: 'ok',
    admin: 'ok',
  }),
  'sees the course': (status) => {
    const others = status === 'PUBLISHED' ? 'ok' : 'null';
    return { anonymous: others, student: others, other: others, owner: 'ok', admin: 'ok' };
  },
  'writes the course': (status) => {
    const others = status === 'PUBLISHED' ? 'FORBIDDEN' : 'NOT_FOUND';
    return { anonymous: 'UNAUTHENTICATED', student: others, other: others, owner: 'ok', admin: 'ok' };
  },
  'sees the upload': () => ({ anonymous: 'null', student: 'null', other: 'null', owner: 'ok', admin: 'ok' }),
  'ends the upload': () => ({
    anonymous: 'UNAUTHENTICATED',
    student: 'NOT_FOUND',
    other: 'NOT_FOUND',
    owner: 'ok',
    admin: 'ok',
  }),
  'goes on with the upload': () => ({
    anonymous: 'UNAUTHENTICATED',
    student: 'NOT_FOUND',
    other: 'NOT_FOUND',
    owner: 'ok',
    admin: 'FORBIDDEN',
  }),
};

function operationsOfSchema(): string[] {
  const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) => Object.keys(root?.getFields() ?? {}));
}

describe('the table of operations', () => {
  it('has one row for each operation of the schema', () => {
    expect(Object.keys(OPERATIONS).sort()).toEqual(operationsOfSchema().sort());
  });
});

onAnyStorage('access rules', (storage) => {
  let app: TestApp;
  let clients: Record<Who, Client>;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), UPLOAD_SESSIONS_PER_VIEWER: '1000' });
    clients = {
      anonymous: await clientOf(app),
      student: await clientOf(app, 'sam', 'student'),
      other: await clientOf(app, 'bob'),
      owner: await clientOf(app, 'ada'),
      admin: await clientOf(app, 'root', 'admin'),
    };
  });
  afterAll(() => app.remove());

  // Access rules do not depend on the storage: of the cases on S3, a sample will do.
  const all = everything && storage.name === 'local';
  /** The operations for a status. Together, the statuses cover all of them. */
  const operationsFor = (status: CourseStatus): readonly string[] => {
    const names = Object.keys(OPERATIONS);
    return shareOf(names, Math.ceil(names.length / STATUSES.length), STATUSES.indexOf(status), all);
  };

  let made = 0;
  async function createTarget(status: CourseStatus, create = createBareTree): Promise<Target> {
    const title = `${status} ${++made}`;
    const tree = await create(clients.owner, { title, status, category: title });
    const image = dataOf(await clients.owner.upload(gql.UploadImageDocument, { file: null }, { file: fixtures.png }));
    const announced = { filename: 'a.png', contentType: 'image/png', size: 10 };
    const input = { slot: 'VIDEO_THUMBNAIL' as const, ownerId: tree.videoId, ...announced };
    const uploadId = dataOf(await clients.owner.send(gql.StartUploadDocument, { input })).startUpload.id;
    return { ...tree, category: title, imageId: image.uploadImage.id, uploadId };
  }

  describe.each(STATUSES)('for a course that is %s', (status) => {
    let shared: Target;
    beforeAll(async () => {
      shared = await createTarget(status, createTree);
    });

    it('each refusal has its code and changes neither storage nor database', async () => {
      const before = await dumpOf(app);
      for (const name of operationsFor(status)) {
        const { run, rule } = OPERATIONS[name]!;
        const expected = RULES[rule](status);
        for (const who of ROLES.filter((role) => expected[role] !== 'ok')) {
          expect([name, who, await run(clients[who], shared)]).toEqual([name, who, expected[who]]);
        }
      }
      expect(await dumpOf(app)).toEqual(before);
    });

    // Everything that is not refused above succeeds.
    it.each(operationsFor(status))('%s succeeds for every role that is allowed', async (name) => {
      const { run, rule, destroys } = OPERATIONS[name]!;
      const expected = RULES[rule](status);
      for (const who of ROLES.filter((role) => expected[role] === 'ok')) {
        const target = destroys === true ? await createTarget(status) : shared;
        expect([who, await run(clients[who], target)]).toEqual([who, 'ok']);
      }
    });
  });

  // The files of a video are locked for some viewers who may see the video.
  it.each(STATUSES)(
    'the files of a video in a %s course are visible only to viewers who may play it',
    async (status) => {
      for (const isPreview of [false, true]) {
        const title = `${status} ${++made}`;
        const {
          videoId: id,
          captionId,
          resourceId,
        } = await createTree(clients.owner, { title, status }, { isPreview });
        for (const who of ROLES) {
          const { video } = dataOf(await clients[who].send(gql.VideoItemsOfDocument, { id }));
          const seen = status === 'PUBLISHED' || who === 'owner' || who === 'admin';
          expect([who, Boolean(video)]).toEqual([who, seen]);
          if (!video) continue;
          const plays = isPreview || who !== 'anonymous';
          const { isLocked, file, videoUrl, captions, resources, thumbnailUrl, durationSeconds } = video;
          expect([who, isLocked, file === null, videoUrl === null]).toEqual([who, !plays, !plays, !plays]);
          const ids = (items: readonly { id: string }[] | null | undefined) => items?.map((item) => item.id) ?? null;
          expect(ids(captions)).toEqual(plays ? [captionId] : null);
          expect(ids(resources)).toEqual(plays ? [resourceId] : null);
          expect([typeof thumbnailUrl, typeof durationSeconds]).toEqual(['string', 'number']);
        }
      }
    },
  );

  it('only an admin may hand a course to another instructor', async () => {
    const codes = async (who: Who, input: gql.UpdateCourseInput, id: string) =>
      errorCodes(await clients[who].send(gql.UpdateCourseDocument, { id, input }));
    const { courseId } = await createTarget('DRAFT');
    expect(await codes('owner', { instructorId: 'bob' }, courseId)).toEqual(['FORBIDDEN']);
    expect(await codes('owner', { instructorId: 'ada' }, courseId)).toEqual([]);
    expect(await codes('admin', { instructorId: 'bob' }, courseId)).toEqual([]);
    expect(await codes('owner', { title: 'No longer' }, courseId)).toEqual(['NOT_FOUND']);
    expect(await codes('other', { title: 'Mine' }, courseId)).toEqual([]);
  });

  it('images are listed only for their uploader and admins', async () => {
    const { imageId } = await createTarget('DRAFT');
    for (const who of ['student', 'other', 'owner', 'admin'] as const) {
      const { images } = dataOf(await clients[who].send(gql.ImagesDocument, { first: 100 }));
      expect([who, images.nodes.some(({ id }) => id === imageId)]).toEqual([who, who === 'owner' || who === 'admin']);
    }
  });

  it('no upload is left open', async () => {
    for (let open = true; open;) {
      const { uploads } = dataOf(await clients.admin.send(gql.UploadsDocument, { first: 100, status: 'WAITING' }));
      for (const { id } of uploads.nodes) await clients.admin.send(gql.AbortUploadDocument, { id });
      open = uploads.nodes.length > 0;
    }
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});
