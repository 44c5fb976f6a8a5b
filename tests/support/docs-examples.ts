import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Fence, SandboxExample } from './docs-pages.js';
import { download } from './download.js';
import { graphql, readResponse, requestHeaders, type GraphqlResponse } from './graphql-client.js';
import { patience } from './patience.js';

const run = promisify(execFile);

/** The origin of the server in the pages. */
const WRITTEN_ORIGIN = 'http://localhost:4000';

/** The placeholders in the examples for the ids in responses, in the order of the responses. */
const IDS: Readonly<Record<string, readonly string[]>> = {
  createCourse: ['COURSE_ID'],
  createTopic: ['TOPIC_ID', 'SECOND_TOPIC_ID'],
  createVideo: ['VIDEO_ID'],
  uploadVideo: ['SECOND_VIDEO_ID'],
  uploadImage: ['IMAGE_ID'],
  startUpload: ['UPLOAD_ID'],
};

/** The placeholders for other parts of a response. */
const PARTS: Readonly<Record<string, readonly [name: string, path: readonly (string | number)[]]>> = {
  createCourse: ['THUMBNAIL_URL', ['thumbnailUrl']],
  uploadCourseIntroVideo: ['INTRO_VIDEO_URL', ['introVideoUrl']],
  addVideoCaption: ['CAPTION_ID', ['captions', 0, 'id']],
  addVideoResource: ['RESOURCE_ID', ['resources', 0, 'id']],
  uploadImage: ['IMAGE_KEY', ['file', 'key']],
  startUpload: ['PART_URL', ['parts', 0, 'url']],
  courses: ['CURSOR', ['pageInfo', 'endCursor']],
};

export interface ExampleServer {
  readonly origin: string;
  /** The folder in which the examples run. */
  readonly cwd: string;
  /** The environment of the commands. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs the examples of a page from top to bottom, and remembers values in the responses. */
export class Reader {
  /** The values of the placeholders. */
  readonly words = new Map<string, string>();
  /** How many signed URLs have been opened. */
  opened = 0;

  constructor(
    private readonly server: ExampleServer,
    token?: string,
  ) {
    if (token !== undefined) this.words.set('TOKEN', token);
  }

  get graphqlUrl(): string {
    return `${this.server.origin}/graphql`;
  }

  /** Runs the commands of a block. Variables that it sets are kept for later blocks. */
  async shell({ text }: Fence): Promise<string> {
    const assigned = Array.from(text.matchAll(/^([A-Z_]+)=/gm), ([, name = '']) => name);
    const report = assigned.map((name) => `printf '\\n%s' "${name}=$${name}" >&2`);
    const script = [text.replaceAll(WRITTEN_ORIGIN, this.server.origin), ...report].join('\n');
    const { stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: this.server.cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...this.server.environment,
        ...Object.fromEntries(this.words),
      },
      timeout: patience(60_000),
    });
    for (const name of assigned) {
      this.words.set(name, new RegExp(`^${name}=(.+)$`, 'm').exec(stderr)?.[1] ?? '');
    }
    if (text.includes('/graphql')) await this.learn(JSON.parse(stdout) as Answer);
    return stdout;
  }

  /** Sends an operation like Apollo Sandbox: as JSON, or with files as a multipart request. */
  async sandbox({ fence, variables, files }: SandboxExample): Promise<void> {
    const given = this.filledIn(variables);
    const response =
      Object.keys(files).length === 0
        ? await graphql(this.graphqlUrl, fence.text, given, { token: this.words.get('TOKEN') })
        : await this.sandboxUpload(fence.text, given, files);
    await this.learn(response.body);
    await this.sendPart(given, response.body);
  }

  /** When the example started an upload, sends its only part: the fixture with that name. */
  async sendPart(variables: Readonly<Record<string, unknown>>, { data }: Answer): Promise<void> {
    const url = at(data, ['startUpload', 'parts', 0, 'url']);
    if (typeof url !== 'string') return;
    const filename = at(variables, ['input', 'filename']);
    const body = new Uint8Array(await this.read(`tests/fixtures/${String(filename)}`));
    const { status } = await fetch(url, { method: 'PUT', body });
    if (status !== 200) throw new Error(`The part of ${String(filename)} was answered ${status}.`);
  }

  /** In Apollo Sandbox's `map`, each path begins with the number of its file, although there is only one operation. */
  private async sandboxUpload(
    query: string,
    variables: Readonly<Record<string, unknown>>,
    files: SandboxExample['files'],
  ): Promise<GraphqlResponse<Record<string, unknown>>> {
    const names = Object.keys(files);
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    const form = new FormData();
    form.append('operations', JSON.stringify({ query, variables: { ...variables, ...nulls } }));
    form.append('map', JSON.stringify(Object.fromEntries(names.map((name, n) => [n, [`${n}.variables.${name}`]]))));
    for (const [index, path] of Object.values(files).entries()) {
      form.append(String(index), new Blob([new Uint8Array(await this.read(path))]), basename(path));
    }
    const headers = { ...requestHeaders({ token: this.words.get('TOKEN') }), 'Apollo-Require-Preflight': 'true' };
    return readResponse(await fetch(this.graphqlUrl, { method: 'POST', headers, body: form }));
  }

  read(path: string): Promise<Buffer> {
    return readFile(join(this.server.cwd, path));
  }

  /** Returns variables in which every placeholder is replaced by its value. */
  filledIn(variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const text = JSON.stringify(variables).replace(/"([A-Z]+(?:_[A-Z]+)*)"/g, (whole, word: string) => {
      const value = this.words.get(word);
      return value === undefined ? whole : JSON.stringify(value);
    });
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Requires a response without errors. Remembers its ids, and opens every signed URL in it. */
  async learn({ data, errors }: Answer): Promise<void> {
    if (errors !== undefined || !data)
      throw new Error(`Not an answer without errors: ${JSON.stringify({ data, errors })}`);
    for (const [field, value] of Object.entries(data)) {
      const word = IDS[field]?.find((candidate) => !this.words.has(candidate));
      const id = at(value, ['id']);
      if (word !== undefined && typeof id === 'string') this.words.set(word, id);
      const [name, path] = PARTS[field] ?? ['', []];
      const part = at(value, path);
      if (typeof part === 'string') this.words.set(name, part);
    }
    for (const url of urlsIn(data)) {
      if ((await download(url)).length === 0) throw new Error(`Nothing is behind ${url}`);
      this.opened += 1;
    }
  }
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: unknown;
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((held, step) => (held as Record<string | number, unknown> | null)?.[step], value);
}

function urlsIn(value: unknown): string[] {
  if (typeof value === 'string') return /^https?:\/\//.test(value) ? [value] : [];
  // URLs for PUT cannot be opened.
  if (at(value, ['method']) === 'PUT') return [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(urlsIn) : [];
}
