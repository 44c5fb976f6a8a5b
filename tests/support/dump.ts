import mongoose from 'mongoose';
import type { TestApp } from './app.js';
import { tracesOf } from './traces.js';

/**
 * All that a server keeps, sorted: every object of every storage, and every document whole. What a refused request
 * leaves as it was, down to the last date.
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
