import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { TEST_SECRET, tokenFor } from '../support/app.js';
import {
  type BareFolder,
  makeBareFolder,
  runRestricted,
  startRestricted,
  stopRestricted,
} from '../support/bare-folder.js';
import { clientWith, createCourse } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { productionAddress } from '../support/free-port.js';
import type { ServerProcess } from '../support/server.js';

/** Only root can start a process as another user with a read-only root file system. */
describe.skipIf(process.getuid?.() !== 0)(
  'the shipped files, run by another user with a read-only root file system and without HOME',
  () => {
    let folder: BareFolder;
    let environment: Environment;
    let server: ServerProcess | undefined;

    beforeAll(async () => {
      folder = await makeBareFolder();
      environment = {
        NODE_ENV: 'production',
        ALLOW_EMBEDDED_DATABASE: 'true',
        AUTH_JWT_SECRET: TEST_SECRET,
        ...(await productionAddress()),
      };
    });
    afterEach(() => server?.stop('SIGKILL'));
    afterAll(() => rm(folder.path, { recursive: true, force: true }));

    it.each([
      ['node dist/main.js', ['node', 'dist/main.js']],
      ['npm run start:built', ['npm', 'run', '--silent', 'start:built']],
    ])('%s serves, keeps uploads and stops cleanly', async (_name, command) => {
      server = await startRestricted(folder, command, environment);
      const client = clientWith(server.url, await tokenFor('ada', 'instructor'));
      const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
      const course = await createCourse(client, { title: 'Shipped' }, files);
      expect(await downloadedSha256(course.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
      expect(await downloadedSha256(course.introVideoUrl!)).toBe(fixtures.intro.sha256);
      expect((await fetch(new URL('readyz', server.url))).status).toBe(200);
      expect((await fetch(new URL('upload-client.js', server.url))).status).toBe(200);
      expect(await runRestricted(folder, ['lectern', 'reconcile'], environment)).toContain('all is well');
      if (command[0] === 'node') expect(await stopRestricted(server)).toBe(0);
    });

    it('contain no development package', async () => {
      const installed = await readdir(join(folder.path, 'node_modules'));
      expect(installed).toContain('express');
      expect(installed.filter((name) => ['typescript', 'vite', 'vitest', 'prettier', 'eslint'].includes(name))).toEqual(
        [],
      );
    });
  },
);
