import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import type { Environment } from '../../../src/config.js';
import { withS3 } from '../../support/bucket.js';
import type { UploadOptions } from '../../../src/upload-client/api.js';

/** The state of an upload as its page reports it. */
export interface Told {
  readonly loaded: number;
  readonly states: readonly string[];
  readonly sessionId: string | null;
  readonly result: {
    readonly sessionId: string | null;
    readonly media: { readonly url: string; readonly size: number } | null;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface Begin {
  /** The file of the site to send; null for the file whose handle the browser kept. */
  readonly file?: string | null;
  /** Whether the file is passed as a handle. */
  readonly asHandle?: boolean;
  /** Pauses when so many bytes are loaded. */
  readonly pauseAt?: number;
}

/** A site of another origin than the server and the bucket, whose page imports the client from the server. */
export interface UploadSite {
  readonly origin: string;
  open(context: BrowserContext, endpoint: string, token: string): Promise<UploadPage>;
  close(): Promise<void>;
}

const PAGE = `<!doctype html><title>Upload</title><script type="module">
const { endpoint, token } = Object.fromEntries(new URLSearchParams(location.search));
const { createUploader } = await import(new URL('/upload-client.js', endpoint));
const uploader = createUploader({ endpoint, token });

async function fileOf(name, asHandle) {
  const bytes = await (await fetch('/' + name)).blob();
  if (!asHandle) return new File([bytes], 'film.mp4', { type: 'video/mp4' });
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close();
  return handle;
}

globalThis.told = { loaded: 0, states: [], sessionId: null, result: null, error: null };
globalThis.unfinished = () => uploader.unfinished();
globalThis.begin = async (options, { file = 'film', asHandle = false, pauseAt = Infinity }) => {
  const source = file === null ? null : await fileOf(file, asHandle);
  const upload = (globalThis.upload = uploader.upload(source, {
    ...options,
    onState: (state) => told.states.push(state),
    onProgress: ({ loaded }) => {
      told.loaded = loaded;
      if (loaded < pauseAt) return;
      pauseAt = Infinity;
      upload.pause();
    },
  }));
  upload.sessionId.then((id) => (told.sessionId = id), () => undefined);
  upload.done.then((result) => (told.result = result), ({ code, message }) => (told.error = { code, message }));
};
globalThis.ready = true;
</script>`;

/** @param files The files that the page can select, by name. */
export async function startUploadSite(files: Readonly<Record<string, Blob>>): Promise<UploadSite> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://site').pathname.slice(1);
    const file = files[name];
    if (file === undefined) response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    else void file.arrayBuffer().then((bytes) => response.end(new Uint8Array(bytes)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    open: async (context, endpoint, token) => {
      const page = await context.newPage();
      await page.goto(`${origin}/?${new URLSearchParams({ endpoint, token }).toString()}`);
      return new UploadPage(page).ready();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export class UploadPage {
  constructor(readonly page: Page) {}

  async ready(): Promise<this> {
    await this.page.waitForFunction('globalThis.ready === true');
    return this;
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  begin(options: UploadOptions, begin: Begin = {}): Promise<void> {
    return this.page.evaluate(`begin(${JSON.stringify(options)}, ${JSON.stringify(begin)})`);
  }

  resume(): Promise<void> {
    return this.page.evaluate('upload.resume()');
  }

  told(): Promise<Told> {
    return this.page.evaluate('told');
  }

  unfinished(): Promise<{ sessionId: string; hasFile: boolean }[]> {
    return this.page.evaluate('unfinished()');
  }
}

/** Allows pages of an origin to send parts to the bucket, as docs/direct-uploads.md tells operators to do. */
export async function allowPages(origin: string, { S3_BUCKET_NAME: Bucket }: Environment): Promise<void> {
  if (Bucket === undefined) return;
  const rule = { AllowedOrigins: [origin], AllowedMethods: ['PUT'], AllowedHeaders: ['content-type', 'content-md5'] };
  await withS3((client) => client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } })));
}
