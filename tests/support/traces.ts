import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import mongoose from 'mongoose';
import type { App } from '../../src/app.js';
import type { TestApp } from './app.js';
import { unfinishedUploads } from './bucket.js';

/** The collection of leases, which changes with the sweeper and not with requests. */
const NOT_OF_REQUESTS = 'leases';

/**
 * Returns everything that uploads can change on a server, sorted: complete and unfinished objects, and every document of
 * every collection except leases (owners, tombstones, rows of the journal). Compare it before and after a request.
 */
export async function tracesOf(app: TestApp): Promise<string[]> {
  // The row of a failed upload is kept for LATE. With LATE_SECONDS=0 it is kept until the next sweep.
  await app.app.sweeper.sweep();
  const [objects, documents] = await Promise.all([objectTraces(app), documentIds()]);
  return [...objects, ...documents].sort();
}

/** Returns complete and unfinished objects on the disk and in the bucket: `local {key}`, `s3 unfinished {key}`. */
export async function objectTraces(
  site: Pick<TestApp, 'filesDir' | 'environment'> & { readonly app: App },
): Promise<string[]> {
  const [onDisk, inBucket] = await Promise.all([filesUnder(site.filesDir), objectsInBucket(site)]);
  return [...onDisk, ...inBucket];
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(noneThere);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `local ${relative(directory, join(entry.parentPath, entry.name))}`);
}

function noneThere(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function objectsInBucket({ app, environment }: Pick<TestApp, 'app' | 'environment'>): Promise<string[]> {
  const bucket = environment['S3_BUCKET_NAME'];
  const s3 = app.storages.byName('s3');
  if (bucket === undefined || s3 === undefined) return [];
  const traces = (await unfinishedUploads(bucket)).map((key) => `s3 unfinished ${key}`);
  for await (const { key } of s3.list('')) traces.push(`s3 ${key}`);
  return traces;
}

async function documentIds(): Promise<string[]> {
  const models = Object.values(mongoose.models).filter(({ collection }) => collection.name !== NOT_OF_REQUESTS);
  const found = await Promise.all(
    models.map(async (model) => {
      const documents = await model.find({}, { _id: 1 }).lean<{ _id: unknown }[]>();
      return documents.map(({ _id }) => `${model.collection.name} ${String(_id)}`);
    }),
  );
  return found.flat();
}
