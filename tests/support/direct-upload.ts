import { createHash } from 'node:crypto';
import type { Client } from './client.js';
import type { Fixture } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { dataOf, type GraphqlResponse } from './graphql-client.js';

export type Session = gql.StartUploadMutation['startUpload'];
export type Part = NonNullable<gql.UploadPartsQuery['upload']>['parts'][number];

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a client announces about these bytes, including the samples. */
export function announced({ bytes, filename, contentType }: Pick<Fixture, 'bytes' | 'filename' | 'contentType'>) {
  return { filename, contentType, size: bytes.length, samples: samplesOf(bytes), sha256: sha256Of(bytes) };
}

/** SHA-256 of the first, the middle and the last 64 KiB. */
export function samplesOf(bytes: Buffer): string[] {
  const length = 65_536;
  const middle = Math.floor(Math.max(0, bytes.length - length) / 2);
  return [0, middle, Math.max(0, bytes.length - length)].map((at) => sha256Of(bytes.subarray(at, at + length)));
}

export async function start(client: Client, input: gql.StartUploadInput): Promise<Session> {
  return dataOf(await client.send(gql.StartUploadDocument, { input })).startUpload;
}

export async function partsOf(client: Client, id: string, numbers: number[], md5?: string[]): Promise<Part[]> {
  return dataOf(await client.send(gql.UploadPartsDocument, { id, numbers, ...(md5 && { md5 }) })).upload!.parts;
}

/** Sends one part like any client. Returns the HTTP status. */
export async function put({ method, url, headers }: Part, body: Uint8Array): Promise<number> {
  const sent = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  const response = await fetch(url, { method, headers: sent, body: new Uint8Array(body) });
  await response.arrayBuffer();
  return response.status;
}

/** The bytes of one part. */
export function slice(bytes: Buffer, { partSize }: Pick<Session, 'partSize'>, number: number): Buffer {
  return bytes.subarray((number - 1) * partSize, number * partSize);
}

/** Sends every part. With `signMd5`, the MD5 of each part is signed with its URL. */
export async function sendAll(client: Client, session: Session, bytes: Buffer, signMd5 = false): Promise<void> {
  const numbers = Array.from({ length: session.partCount }, (_, i) => i + 1);
  const md5 = signMd5 ? numbers.map((number) => md5Of(slice(bytes, session, number))) : undefined;
  for (const part of await partsOf(client, session.id, numbers, md5)) {
    const status = await put(part, slice(bytes, session, part.number));
    if (status !== 200) throw new Error(`Part ${part.number} was answered ${status}.`);
  }
}

export function complete(client: Client, id: string): Promise<GraphqlResponse<gql.CompleteUploadMutation>> {
  return client.send(gql.CompleteUploadDocument, { id });
}

export async function find(client: Client, id: string): Promise<Session | null> {
  return dataOf(await client.send(gql.UploadDocument, { id })).upload ?? null;
}

/** Completes the upload, and queries it until the server has verified it. */
export async function completed(client: Client, id: string): Promise<Session> {
  let session: Session | null = dataOf(await complete(client, id)).completeUpload;
  while (session.status === 'VERIFYING') {
    session = await find(client, id);
    if (!session) throw new Error('The upload is gone.');
  }
  return session;
}

/** Runs a complete direct upload. */
export async function uploadDirectly(
  client: Client,
  file: Pick<Fixture, 'bytes' | 'filename' | 'contentType'>,
  place: Pick<gql.StartUploadInput, 'slot' | 'ownerId' | 'caption' | 'resource' | 'image'>,
): Promise<Session> {
  const session = await start(client, { ...announced(file), ...place });
  await sendAll(client, session, file.bytes, true);
  return completed(client, session.id);
}
