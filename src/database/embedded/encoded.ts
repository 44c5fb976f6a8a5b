import { onDemand } from 'bson';
import { encode } from './values.js';
import type { Doc } from './values.js';

/**
 * A document as BSON bytes (bsonspec.org). A document that a query returns unchanged stays encoded, from the file to the
 * reply: to decode and to encode it again would take most of the time of a query.
 */
export type Encoded = Uint8Array;

const TYPE_DOCUMENT = 3;
const TYPE_ARRAY = 4;

/** Paths of fields, part by part. `true` is the end of a path. */
export type FieldTree = ReadonlyMap<string, FieldTree | true>;

/**
 * Returns a document with only the fields of a tree, or with all others, in the same order. Returns undefined when a path
 * of the tree leads into an array: decode the document then.
 */
export function withTree(bytes: Encoded, tree: FieldTree, includes: boolean): Encoded | undefined {
  const kept: Uint8Array[] = [];
  for (const [type, nameOffset, nameLength, offset, length] of onDemand.parseToElements(bytes)) {
    const name = onDemand.ByteUtils.toUTF8(bytes, nameOffset, nameOffset + nameLength, true);
    const inner = tree.get(name);
    if (inner instanceof Map && type === TYPE_ARRAY) return undefined;
    if (inner instanceof Map && type === TYPE_DOCUMENT) {
      const document = withTree(bytes.subarray(offset, offset + length), inner as FieldTree, includes);
      if (document === undefined) return undefined;
      kept.push(bytes.subarray(nameOffset - 1, offset), document);
    } else if ((inner === true) === includes) {
      kept.push(bytes.subarray(nameOffset - 1, offset + length));
    }
  }
  return documentOf(kept);
}

/** The reply to a command that returns documents: a batch of them, and the id under which to ask for more. */
export class CursorReply {
  constructor(
    private readonly field: 'firstBatch' | 'nextBatch',
    private readonly batch: readonly Encoded[],
    private readonly rest: Doc,
  ) {}

  /** Encodes `{ cursor: { [field]: batch, ...rest }, ok: 1 }`. */
  encode(): Encoded {
    const elements = this.batch.flatMap((doc, i) => element(TYPE_DOCUMENT, String(i), doc));
    const cursor = documentOf([...element(TYPE_ARRAY, this.field, documentOf(elements)), elementsOf(this.rest)]);
    return documentOf([...element(TYPE_DOCUMENT, 'cursor', cursor), elementsOf({ ok: 1 })]);
  }
}

/** Encodes a reply. Throws a RangeError when it is too large for one document, as that of a large `distinct`. */
export function encodeReply(reply: Doc | CursorReply): Encoded {
  return reply instanceof CursorReply ? reply.encode() : encode({ ...reply, ok: 1 });
}

function element(type: number, name: string, value: Encoded): Uint8Array[] {
  return [Buffer.from(`${String.fromCharCode(type)}${name}\0`, 'latin1'), value];
}

/** The elements of a document, without its length and its end. */
function elementsOf(doc: Doc): Uint8Array {
  return encode(doc).subarray(4, -1);
}

function documentOf(elements: readonly Uint8Array[]): Encoded {
  const length = elements.reduce((sum, { length: size }) => sum + size, 5);
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeInt32LE(length, 0);
  let at = 4;
  for (const one of elements) {
    bytes.set(one, at);
    at += one.length;
  }
  bytes[at] = 0;
  return bytes;
}
