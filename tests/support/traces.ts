import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import type { TestApp } from './app.js';
import { unfinishedUploads } from './bucket.js';

/** Who sweeps at the moment: it comes and goes with the sweeper, whatever requests do. */
const NOT_OF_REQUESTS = 'leases';

/**
 * All that uploads can leave behind on a server, sorted: objects, whole and unfinished, and every document of every
 * collection (owners, tombstones, rows of the journal; leases say nothing of uploads). A request that leaves no trace
 * leaves this as it was.
 */
export async function tracesOf(app: TestApp): Promise<string[]> {
  const [onDisk, inBucket, documents] = await Promise.all([
    filesUnder(app.filesDir),
    objectsInBucket(app),
    documentIds(),
  ]);
  return [...onDisk, ...inBucket, ...documents].sort();
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(noneThere);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => `local ${join(entry.parentPath, entry.name)}`);
}

function noneThere(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function objectsInBucket({ app, environment }: TestApp): Promise<string[]> {
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
