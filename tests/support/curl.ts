import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { SampleFile } from './fixtures.js';
import { documentText, type GraphqlDocument } from './graphql-client.js';
import { patience } from './patience.js';

const run = promisify(execFile);
const TIME_LIMIT_MS = 60_000;

export interface CurlAnswer {
  readonly status: number;
  /** The version of HTTP: `2`, `1.1`. */
  readonly version: string;
  readonly redirect: string;
}

/** curl, which reaches every host name on 127.0.0.1 and trusts one certificate authority. */
export class Curl {
  /**
   * @param folder For temporary files.
   * @param authority The certificate that it trusts, as PEM.
   */
  constructor(
    private readonly folder: string,
    private readonly authority: string,
  ) {}

  /** The path of the body of the last response. */
  get body(): string {
    return join(this.folder, 'response');
  }

  async request(url: string, ...args: readonly string[]): Promise<CurlAnswer> {
    const format = '%{http_code} %{http_version} %{redirect_url}';
    const common = ['-sS', '--cacert', this.authority, '--connect-to', '::127.0.0.1:', '-o', this.body, '-w', format];
    const limit = ['--max-time', String(patience(TIME_LIMIT_MS) / 1_000)];
    const { stdout } = await run('curl', [...common, ...limit, ...args, url]);
    const [status = '', version = '', redirect = ''] = stdout.split(' ');
    return { status: Number(status), version, redirect };
  }

  /** Sends a mutation with one file, as a browser sends a form. */
  async upload<TData, TVariables>(
    url: string,
    { document, variables, path, file, token, version }: CurlUpload<TData, TVariables>,
  ): Promise<CurlAnswer> {
    const source = join(this.folder, file.filename);
    await pipeline(Readable.from(file.chunks()), createWriteStream(source));
    const operations = JSON.stringify({ query: documentText(document), variables: { ...variables, [path]: null } });
    const fields = [`operations=${operations}`, `map={"0":["variables.${path}"]}`];
    const form = fields.flatMap((field) => ['--form-string', field]);
    const headers = ['-H', `authorization: Bearer ${token}`, '-H', 'apollo-require-preflight: true'];
    return this.request(
      url,
      `--http${version ?? '2'}`,
      ...headers,
      ...form,
      '-F',
      `0=@${source};type=${file.contentType}`,
    );
  }
}

export interface CurlUpload<TData, TVariables> {
  readonly document: GraphqlDocument<TData, TVariables>;
  readonly variables: Partial<TVariables>;
  /** The variable that is the file. */
  readonly path: string;
  readonly file: SampleFile;
  readonly token: string;
  /** The version of HTTP; 2 when absent. */
  readonly version?: '1.1' | '2';
}
