import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../../support/client.js';
import { readPage } from '../../support/docs-pages.js';
import { downloadedSha256 } from '../../support/download.js';
import { onAnyStorage } from '../../support/storages.js';
import { largeVideo } from './large-video.js';

const run = promisify(execFile);
/** A video of three parts. */
const { file: film, sha256 } = largeVideo(20);

interface Example {
  uploadDirectly(
    endpoint: string,
    token: string,
    bytes: Blob,
    place: { filename: string; contentType: string; slot: string; ownerId: string },
  ): Promise<{ status: string; media: { url: string } }>;
}

onAnyStorage('the examples of docs/direct-uploads.md', (storage) => {
  let folder: string;
  let app: TestApp;
  let ada: Client;
  let topicId: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lectern-direct-uploads-'));
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'To fill' })).id, 'Films');
    for (const { language, filename, text } of readPage('docs/direct-uploads.md').fences) {
      if (language === 'js') await writeFile(join(folder, filename), text);
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  });
  afterAll(async () => {
    await app.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('send a file with fetch, and report why one is refused', async () => {
    const { uploadDirectly } = (await import(pathToFileURL(join(folder, 'direct-upload.js')).href)) as Example;
    const { id: ownerId } = await createVideo(ada, topicId, 'By fetch');
    const place = { filename: 'film.mp4', contentType: 'video/mp4', slot: 'VIDEO_FILE', ownerId };
    const { status, media } = await uploadDirectly(app.url, ada.token!, film, place);
    expect(status).toBe('PUBLISHED');
    expect(await downloadedSha256(media.url)).toBe(sha256);
    await expect(uploadDirectly(app.url, ada.token!, new Blob(['no film']), place)).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  it('send a file from Node with the client that the server serves', async () => {
    const served = await fetch(new URL('/upload-client.js', app.url));
    await writeFile(join(folder, 'upload-client.js'), await served.text());
    const path = join(folder, 'film.mp4');
    await writeFile(path, Buffer.from(await film.arrayBuffer()));
    const { id: videoId } = await createVideo(ada, topicId, 'From Node');
    const env = { ENDPOINT: app.url, TOKEN: ada.token!, FILE: path, VIDEO_ID: videoId };
    const { stdout } = await run(process.execPath, [join(folder, 'upload.mjs')], { env });
    expect(await downloadedSha256(stdout.trim())).toBe(sha256);
  });
});
