import type { Encoded } from './encoded.js';
import { decode } from './values.js';
import type { Doc } from './values.js';

/** A request (MongoDB specification: "Wire Protocol"): OP_MSG, or OP_QUERY for a driver's first hello. */
export interface Request {
  readonly id: number;
  readonly legacy: boolean;
  /** False when the client does not want a reply (write concern 0). */
  readonly wantsReply: boolean;
  readonly command: Doc;
}

/** A message is malformed. The connection is closed, because the position of the next message is unknown. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Manual: `hello.maxMessageSizeBytes`. */
export const MAX_MESSAGE_BYTES = 48_000_000;
const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
/** The lower 16 bits are "required": a server must refuse a message with a bit that it does not know. */
const UNKNOWN_REQUIRED_BITS = 0xffff & ~(CHECKSUM_PRESENT | MORE_TO_COME);

/** Splits a stream of bytes into messages. Keeps at most one message and the chunk that arrived with its end. */
export class MessageSplitter {
  private chunks: Buffer[] = [];
  private held = 0;

  *push(chunk: Buffer): Generator<Buffer> {
    this.chunks.push(chunk);
    this.held += chunk.length;
    while (this.held >= HEADER_BYTES) {
      const length = this.peekLength();
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new ProtocolError(`message of ${length} bytes`);
      if (this.held < length) return;
      const all = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
      const rest = all.subarray(length);
      this.chunks = rest.length === 0 ? [] : [rest];
      this.held = rest.length;
      yield all.subarray(0, length);
    }
  }

  private peekLength(): number {
    if ((this.chunks[0] as Buffer).length < 4) this.chunks = [Buffer.concat(this.chunks)];
    return (this.chunks[0] as Buffer).readInt32LE(0);
  }
}

/** Parses a complete message. Throws ProtocolError when it is malformed. */
export function parseMessage(message: Buffer): Request {
  const id = message.readInt32LE(4);
  const opcode = message.readInt32LE(12);
  try {
    if (opcode === OP_MSG) return { id, ...parseMsg(message) };
    if (opcode === OP_QUERY) return { id, legacy: true, wantsReply: true, command: parseQuery(message) };
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError(`malformed message: ${String(error)}`, { cause: error });
  }
  throw new ProtocolError(`unknown operation ${opcode}`);
}

function parseMsg(message: Buffer): Omit<Request, 'id'> {
  const flags = message.readUInt32LE(HEADER_BYTES);
  if ((flags & UNKNOWN_REQUIRED_BITS) !== 0) throw new ProtocolError(`unknown flags ${flags}`);
  // The checksum is not verified, because a local socket does not corrupt bytes.
  const end = message.length - ((flags & CHECKSUM_PRESENT) === 0 ? 0 : 4);
  let body: Doc | undefined;
  const sequences: [string, Doc[]][] = [];
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = message[at++];
    const size = message.readInt32LE(at);
    if (size < 5 || at + size > end) throw new ProtocolError('section beyond the end of its message');
    const section = message.subarray(at, at + size);
    if (kind === 0 && body === undefined) body = decode(section);
    else if (kind === 1) sequences.push(parseSequence(section));
    else throw new ProtocolError(`unexpected section of kind ${kind}`);
    at += size;
  }
  if (body === undefined) throw new ProtocolError('message without a body');
  for (const [name, docs] of sequences) {
    if (Object.hasOwn(body, name)) throw new ProtocolError(`two values for ${name}`);
    body[name] = docs;
  }
  return { legacy: false, wantsReply: (flags & MORE_TO_COME) === 0, command: body };
}

function parseSequence(section: Buffer): [string, Doc[]] {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd === -1) throw new ProtocolError('document sequence without a name');
  const docs: Doc[] = [];
  for (let at = nameEnd + 1; at < section.length;) {
    const size = section.readInt32LE(at);
    if (size < 5 || at + size > section.length) throw new ProtocolError('document beyond the end of its sequence');
    docs.push(decode(section.subarray(at, at + size)));
    at += size;
  }
  return [section.toString('utf8', 4, nameEnd), docs];
}

function parseQuery(message: Buffer): Doc {
  const nameEnd = message.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd === -1) throw new ProtocolError('query without a collection name');
  const name = message.toString('utf8', HEADER_BYTES + 4, nameEnd);
  const at = nameEnd + 1 + 8;
  const size = message.readInt32LE(at);
  if (!name.endsWith('.$cmd') || at + size > message.length) throw new ProtocolError('not a command');
  return { ...decode(message.subarray(at, at + size)), $db: name.slice(0, -'.$cmd'.length) };
}

/** Formats the reply to a request. */
export function formatReply(request: Request, body: Encoded): Buffer {
  const before = request.legacy ? 20 : 5;
  const message = Buffer.alloc(HEADER_BYTES + before + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(request.id, 8);
  message.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12);
  if (request.legacy) {
    message.writeInt32LE(8, HEADER_BYTES);
    message.writeInt32LE(1, HEADER_BYTES + 16);
  }
  message.set(body, HEADER_BYTES + before);
  return message;
}
