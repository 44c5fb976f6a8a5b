import { DatabaseSync } from '@photostructure/sqlite';
import { spawn } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { EmbeddedDatabaseLockedError, startEmbeddedDatabase } from '../../src/database/embedded/index.js';
import { connected, newDb, newPlace, started } from './embedded-support.js';
import type { Place, Row } from './embedded-support.js';

const MODULE = new URL('../../dist/database/embedded/index.js', import.meta.url).href;

/** Starts a process that opens the database, writes, and prints the number of each acknowledged write. */
function startWriter({ directory, socketPath }: Place) {
  const program = `
    import mongoose from 'mongoose';
    import { startEmbeddedDatabase } from ${JSON.stringify(MODULE)};
    const database = await startEmbeddedDatabase(${JSON.stringify({ directory, socketPath })});
    const client = await new mongoose.mongo.MongoClient(database.uri()).connect();
    const writes = client.db().collection('writes');
    await writes.createIndex({ n: 1 }, { unique: true });
    console.log('open');
    let next = 0;
    const write = async () => {
      for (;;) {
        const n = next++;
        await writes.insertOne({ _id: n, n, text: 'x'.repeat(500) });
        process.stdout.write(n + '\\n');
      }
    };
    await Promise.all([write(), write(), write(), write()]);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { child, ended, lines: createInterface({ input: child.stdout }) };
}

test('every acknowledged write survives kill -9, and the next start replaces the leftover socket', async () => {
  const place = await newPlace();
  const { child, ended, lines } = startWriter(place);
  const acknowledged: number[] = [];
  for await (const line of lines) {
    if (line !== 'open') acknowledged.push(Number(line));
    if (acknowledged.length === 300) child.kill('SIGKILL');
  }
  await ended;
  expect((await stat(place.socketPath)).isSocket()).toBe(true);

  const writes = (await connected(await started(place))).collection<Row>('writes');
  const found = new Set((await writes.find().toArray()).map(({ _id }) => _id));
  expect(acknowledged.filter((n) => !found.has(n))).toEqual([]);
  // The index contains the same documents as the collection.
  expect(await writes.countDocuments({ n: { $gte: 0 } }, { hint: 'n_1' })).toBe(found.size);
});

test('a second process cannot open the database until the first is killed', async () => {
  const place = await newPlace();
  const { child, ended, lines } = startWriter(place);
  for await (const line of lines) if (line === 'open') break;
  const other = { directory: place.directory, socketPath: `${place.socketPath}2` };
  await expect(startEmbeddedDatabase(other)).rejects.toThrow(EmbeddedDatabaseLockedError);
  child.kill('SIGKILL');
  await ended;
  await started(other);
});

test('a second database in the same process cannot open the folder until the first is closed', async () => {
  const place = await newPlace();
  const first = await startEmbeddedDatabase(place);
  await expect(startEmbeddedDatabase({ ...place, socketPath: `${place.socketPath}2` })).rejects.toThrow(
    EmbeddedDatabaseLockedError,
  );
  await first.close();
  await started(place);
});

test('the socket is accessible to its owner only, and close() removes it', async () => {
  const place = await newPlace();
  const database = await startEmbeddedDatabase(place);
  expect((await stat(place.socketPath)).mode & 0o777).toBe(0o600);
  await Promise.all([database.close(), database.close()]);
  await expect(stat(place.socketPath)).rejects.toThrow('ENOENT');
});

test('a start does not replace a file that is not a socket, or a socket that answers', async () => {
  const place = await newPlace();
  const file = `${place.socketPath}.txt`;
  await writeFile(file, 'mine');
  await expect(startEmbeddedDatabase({ ...place, socketPath: file })).rejects.toThrow('is not a socket');
  await started(place);
  await expect(
    startEmbeddedDatabase({ directory: `${place.directory}2`, socketPath: place.socketPath }),
  ).rejects.toThrow('belongs to a server that is running');
  await expect(startEmbeddedDatabase({ ...place, socketPath: `/tmp/${'x'.repeat(110)}` })).rejects.toThrow();
});

test('written documents and indexes are there after close() and a new start', async () => {
  const place = await newPlace();
  const first = await startEmbeddedDatabase(place);
  const writer = (await connected(first)).collection<Row>('things');
  await writer.createIndex({ tags: 1 });
  await writer.insertMany([{ _id: 1, tags: ['a', 'b'] }, { _id: 2 }]);
  await first.close();
  const reader = (await connected(await started(place))).collection<Row>('things');
  expect(await reader.find({ tags: 'b' }).toArray()).toEqual([{ _id: 1, tags: ['a', 'b'] }]);
  expect((await reader.indexes()).map(({ name }) => name)).toEqual(['_id_', 'tags_1']);
});

test('opening the database reads no documents', async () => {
  const place = await newPlace();
  const first = await startEmbeddedDatabase(place);
  const things = (await connected(first)).collection<Row>('things');
  await things.insertMany(Array.from({ length: 1000 }, (_, i) => ({ _id: i })));
  await first.close();
  // All documents but one are made unreadable: reading them would fail.
  const sqlite = new DatabaseSync(join(place.directory, 'lectern.sqlite'));
  sqlite.exec("UPDATE c1 SET bytes = x'00' WHERE row <> 500");
  sqlite.close();
  const again = (await connected(await started(place))).collection<Row>('things');
  expect(await again.find({ _id: 499 }).toArray()).toEqual([{ _id: 499 }]);
  await expect(again.find().toArray()).rejects.toThrow();
});

test('a command that fails half-way changes nothing', async () => {
  const things = (await newDb()).collection<Row>('things');
  await things.insertMany([
    { _id: 1, a: 1 },
    { _id: 2, a: 2 },
    { _id: 3, a: 'x' },
  ]);
  await expect(things.updateMany({}, { $inc: { a: 1 } } as Row)).rejects.toMatchObject({ code: 14 });
  expect((await things.find().toArray()).map(({ a }) => a)).toEqual([1, 2, 'x']);
  await expect(things.createIndexes([{ key: { b: 1 } }, { key: { c: 1 }, unique: true }])).rejects.toMatchObject({
    code: 11000,
  });
  expect((await things.indexes()).length).toBe(1);
});
