import mongoose from 'mongoose';
import type { TestApp } from './app.js';
import { tracesOf } from './traces.js';

/**
 * Returns all data of a server, sorted: every object of every storage and every complete document. A refused request
 * must not change any of it.
 */
export async function dumpOf(app: TestApp): Promise<string[]> {
  const traces = await tracesOf(app);
  const documents = await Promise.all(
    Object.values(mongoose.models).map(async ({ collection }) => {
      const found = await collection.find({}).toArray();
      return found.map((document) => `${collection.name} ${JSON.stringify(document)}`);
    }),
  );
  return [...traces.filter((trace) => /^(local|s3) /.test(trace)), ...documents.flat()].sort();
}
