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
  { name: 'an HTTP request', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') },
  { name: 'a length shorter than the header', bytes: header(3, 2013) },
  { name: 'a negative length', bytes: header(-1, 2013) },
  { name: 'a length above the limit', bytes: header(2_000_000_000, 2013) },
  { name: 'an unknown opcode', bytes: message(2012, ping) },
  { name: 'a header without a message', bytes: message(2013) },
  { name: 'a message without a section', bytes: message(2013, flags(0)) },
  { name: 'an unknown required flag', bytes: message(2013, flags(4), body(ping)) },
  { name: 'an unknown kind of section', bytes: message(2013, flags(0), Buffer.from([9]), ping) },
  { name: 'two bodies', bytes: message(2013, flags(0), body(ping), body(ping)) },
  {
    name: 'a document that is longer than its message',
    bytes: message(2013, flags(0), Buffer.from([0, 255, 0, 0, 0, 0])),
  },
  { name: 'invalid BSON', bytes: message(2013, flags(0), Buffer.from([0, 12, 0, 0, 0, 99, 97, 0, 1, 2, 3, 4, 0])) },
  {
    name: 'a document sequence without a name',
    bytes: message(2013, flags(0), body(ping), Buffer.from([1, 8, 0, 0, 0, 65, 65, 65, 65])),
  },
  {
    name: 'an OP_QUERY that is not a command',
    bytes: message(2004, flags(0), Buffer.from('db.things\0'), Buffer.alloc(8), ping),
  },
];

async function open(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Resolves with the document of the next complete reply. */
async function answer(socket: Socket, documentAt: number): Promise<Record<string, unknown>> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= 4 && bytes.length >= bytes.readInt32LE(0)) return deserialize(bytes.subarray(documentAt));
  }
  throw new Error('the connection ended');
}

describe('the wire protocol', () => {
  test.each(MALFORMED)('closes the connection that sent $name, and no other', async ({ bytes }) => {
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

  test('reads a message that arrives byte by byte, and two messages in one packet', async () => {
    const place = await newPlace();
    await started(place);
    const socket = await open(place.socketPath);
    for (const byte of message(2013, flags(0), body(ping))) socket.write(Buffer.from([byte]));
    expect(await answer(socket, 21)).toEqual({ ok: 1 });
    const insert = serialize({ insert: 'things', $db: 'test' });
    socket.write(
      Buffer.concat([
        // The first message asks for no reply: the only reply is that to the second.
        message(2013, flags(2), body(insert), sequence('documents', { _id: 1 }, { _id: 2 })),
        message(2013, flags(0), body(serialize({ count: 'things', $db: 'test' }))),
      ]),
    );
    expect(await answer(socket, 21)).toEqual({ n: 2, ok: 1 });
  });

  test('skips a checksum, and ignores the exhaustAllowed flag', async () => {
    const place = await newPlace();
    await started(place);
    const socket = await open(place.socketPath);
    socket.write(message(2013, flags(1 | (1 << 16)), body(ping), Buffer.alloc(4)));
    expect(await answer(socket, 21)).toEqual({ ok: 1 });
  });

  test('answers a first hello sent as OP_QUERY', async () => {
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
