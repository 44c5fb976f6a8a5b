import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type Uppy from '@uppy/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { readPage, ROOT } from '../../support/docs-pages.js';
import { downloadedSha256 } from '../../support/download.js';
import { waitFor } from '../../support/patience.js';
import { orphansAfterSweep } from '../../support/settled.js';
import { largeVideo } from './large-video.js';

const run = promisify(execFile);
const PART = 8 * 1024 * 1024;
const { file: film, sha256 } = largeVideo(36);

/** The compiler options of Vite's templates, without those for React. */
const TSCONFIG = {
  compilerOptions: {
    ...{
      target: 'ES2023',
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      skipLibCheck: true,
      module: 'ESNext',
      moduleResolution: 'bundler',
    },
    ...{ strict: true, verbatimModuleSyntax: true, noUnusedLocals: true, noUnusedParameters: true, types: [] },
    // What does not run under it is no JavaScript with types.
    erasableSyntaxOnly: true,
  },
};

interface Examples {
  uppyFor(endpoint: string, token: string, videoId: string): Uppy;
}

let folder: string;
let app: TestApp;
let ada: Client;
let topicId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lectern-uppy-'));
  app = await startApp();
  ada = await clientOf(app, 'ada');
  topicId = await createTopic(ada, (await createCourse(ada, { title: 'To fill' })).id, 'Films');
});
afterAll(async () => {
  await app.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Compiles the examples of the page with the client that the server serves, as a reader does. */
async function compiled(): Promise<Examples> {
  for (const { language, filename, text } of readPage('docs/direct-uploads.md').fences) {
    if (language === 'ts') await writeFile(join(folder, filename), text);
  }
  for (const name of ['upload-client.js', 'upload-client.d.ts']) {
    const served = await fetch(new URL(`/${name}`, app.url));
    await writeFile(join(folder, name), await served.text());
  }
  const core = join(folder, 'node_modules', '@uppy', 'core');
  await mkdir(dirname(core), { recursive: true });
  await symlink(join(ROOT, 'node_modules', '@uppy', 'core'), core);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')], { cwd: folder });
  return (await import(pathToFileURL(join(folder, 'uppy.js')).href)) as Examples;
}

it('the Uppy plug-in compiles, sends files, pauses, and aborts files that are removed', async () => {
  const { uppyFor } = await compiled();
  const videoOf = async (title: string): Promise<string> => (await createVideo(ada, topicId, title)).id;

  const uppy = uppyFor(app.url, ada.token!, await videoOf('Sent'));
  const loaded: number[] = [];
  let paused = false;
  uppy.addFile({ name: 'film.mp4', type: 'video/mp4', data: film });
  uppy.on('upload-progress', (_file, { bytesUploaded }) => {
    loaded.push(bytesUploaded);
    if (paused || bytesUploaded < 2 * PART) return;
    paused = true;
    uppy.pauseAll();
    setTimeout(() => uppy.resumeAll(), 50);
  });
  const sent = await uppy.upload();
  expect(sent?.failed).toEqual([]);
  expect(paused).toBe(true);
  expect(Math.max(...loaded)).toBe(film.size);
  const [{ response, uploadURL }] = sent!.successful as [
    NonNullable<typeof sent>['successful'] extends (infer F)[] | undefined ? F : never,
  ];
  expect(response?.body).toMatchObject({ slot: 'VIDEO_FILE', media: { filename: 'film.mp4' } });
  expect(await downloadedSha256(uploadURL!)).toBe(sha256);

  const refused = uppyFor(app.url, ada.token!, await videoOf('Refused'));
  refused.addFile({ name: 'film.mp4', type: 'video/mp4', data: new Blob(['no film'], { type: 'video/mp4' }) });
  expect((await refused.upload())?.failed).toMatchObject([{ error: expect.stringContaining('video') }]);

  const removed = uppyFor(app.url, ada.token!, await videoOf('Removed'));
  const id = removed.addFile({ name: 'film.mp4', type: 'video/mp4', data: film });
  removed.on('upload-progress', (_file, { bytesUploaded }) => {
    if (bytesUploaded > 2 * PART) removed.removeFile(id);
  });
  await removed.upload();
  await waitFor(async () => expect(await orphansAfterSweep(app)).toEqual([]));
});
