import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { mongo } from 'mongoose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connected, newPlace, started } from './embedded-support.js';

const { serialize, deserialize } = mongo.BSON;

function header(length: number, opcode: number, id = 1): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(length, 0);
  bytes.writeInt32LE(id, 4);
  bytes.writeInt32LE(opcode, 12);
  return bytes;
}

function message(opcode: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([header(16 + body.length, opcode), body]);
}

const flags = (bits: number): Buffer => Buffer.from([bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >> 24]);
const ping = serialize({ ping: 1, $db: 'admin' });
const body = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0]), bytes]);
const sequence = (name: string, ...docs: object[]): Buffer => {
  const content = Buffer.concat([Buffer.from(`${name}\0`), ...docs.map((doc) => serialize(doc))]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(content.length + 4);
  return Buffer.concat([Buffer.from([1]), size, content]);
};

const MALFORMED: readonly { name: string; bytes: Buffer }[] = [
  { name: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') },
  { name: 'a length below the header', bytes: header(3, 2013) },
  { name: 'a negative length', bytes: header(-1, 2013) },
  { name: 'a length beyond the limit', bytes: header(2_000_000_000, 2013) },
  { name: 'an unknown operation', bytes: message(2012, ping) },
  { name: 'a header without a message', bytes: message(2013) },
  { name: 'no section', bytes: message(2013, flags(0)) },
  { name: 'an unknown required flag', bytes: message(2013, flags(4), body(ping)) },
  { name: 'an unknown kind of section', bytes: message(2013, flags(0), Buffer.from([9]), ping) },
  { name: 'two bodies', bytes: message(2013, flags(0), body(ping), body(ping)) },
  { name: 'a document beyond its message', bytes: message(2013, flags(0), Buffer.from([0, 255, 0, 0, 0, 0])) },
  { name: 'broken BSON', bytes: message(2013, flags(0), Buffer.from([0, 12, 0, 0, 0, 99, 97, 0, 1, 2, 3, 4, 0])) },
  {
    name: 'a sequence without a name',
    bytes: message(2013, flags(0), body(ping), Buffer.from([1, 8, 0, 0, 0, 65, 65, 65, 65])),
  },
  {
    name: 'a query that is no command',
    bytes: message(2004, flags(0), Buffer.from('db.things\0'), Buffer.alloc(8), ping),
  },
];

async function open(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** The next whole answer's document. */
async function answer(socket: Socket, documentAt: number): Promise<Record<string, unknown>> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= 4 && bytes.length >= bytes.readInt32LE(0)) return deserialize(bytes.subarray(documentAt));
  }
  throw new Error('the connection ended');
}

describe('the wire protocol', () => {
  test.each(MALFORMED)('$name ends its connection and nothing else', async ({ bytes }) => {
    const place = await newPlace();
    const database = await started(place);
    const db = await connected(database);
    const socket = await open(place.socketPath);
    const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
    socket.on('error', () => undefined).resume();
    socket.write(bytes);
    expect(await closed).toBe(true);
    expect(await db.command({ ping: 1 })).toMatchObject({ ok: 1 });
  });

  test('a message may come byte by byte, and several together', async () => {
    const place = await newPlace();
    await started(place);
    const socket = await open(place.socketPath);
    for (const byte of message(2013, flags(0), body(ping))) socket.write(Buffer.from([byte]));
    expect(await answer(socket, 21)).toEqual({ ok: 1 });
    const insert = serialize({ insert: 'things', $db: 'test' });
    socket.write(
      Buffer.concat([
        // Nobody waits for the answer to the first: the only one that comes is the second's.
        message(2013, flags(2), body(insert), sequence('documents', { _id: 1 }, { _id: 2 })),
        message(2013, flags(0), body(serialize({ count: 'things', $db: 'test' }))),
      ]),
    );
    expect(await answer(socket, 21)).toEqual({ n: 2, ok: 1 });
  });

  test('a checksum is skipped, and the flag that allows many answers is ignored', async () => {
    const place = await newPlace();
    await started(place);
    const socket = await open(place.socketPath);
    socket.write(message(2013, flags(1 | (1 << 16)), body(ping), Buffer.alloc(4)));
    expect(await answer(socket, 21)).toEqual({ ok: 1 });
  });

  test('a first hello may come in the old form', async () => {
    const place = await newPlace();
    await started(place);
    const socket = await open(place.socketPath);
    const count = Buffer.from([0, 0, 0, 0, 255, 255, 255, 255]);
    socket.write(
      message(2004, flags(0), Buffer.from('admin.$cmd\0'), count, serialize({ ismaster: 1, helloOk: true })),
    );
    const hello = await answer(socket, 36);
    expect(hello).toMatchObject({ ismaster: true, helloOk: true, maxWireVersion: 21, ok: 1 });
    expect(hello).not.toHaveProperty('topologyVersion');
  });
});
