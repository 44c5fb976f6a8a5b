import { BSON, Elements } from './elements.js';
import { encode } from './values.js';
import type { Doc } from './values.js';

/**
 * A document as BSON bytes (bsonspec.org). A document that a query returns stays encoded, from the file to the reply: to
 * decode and to encode it again would take most of the time of a query.
 */
export type Encoded = Uint8Array;

/** Paths of fields, part by part. `true` is the end of a path. */
export type FieldTree = ReadonlyMap<string, FieldTree | true>;

/**
 * Compiles a tree to a function that returns a document with only the fields of the tree, or with all others, in the same
 * order. It returns undefined when a path of the tree leads into an array: decode the document then.
 */
export function compilePicker(tree: FieldTree, includes: boolean): (bytes: Encoded) => Encoded | undefined {
  const fields = [...tree].map(([name, inner]) => ({
    name: Buffer.from(name),
    pickInner: inner === true ? undefined : compilePicker(inner, includes),
  }));
  return (bytes) => {
    const kept = new Pieces(bytes);
    const elements = new Elements(bytes);
    let missing = fields.length;
    while ((missing > 0 || !includes) && elements.next()) {
      const field = fields.find(({ name }) => elements.isNamed(name));
      if (field !== undefined) missing--;
      const { type, start, valueStart, end } = elements;
      if (field?.pickInner !== undefined && type === BSON.array) return undefined;
      if (field?.pickInner !== undefined && type === BSON.object) {
        const inner = field.pickInner(bytes.subarray(valueStart, end));
        if (inner === undefined) return undefined;
        kept.add(start, valueStart);
        kept.addBytes(inner);
      } else if ((field !== undefined && field.pickInner === undefined) === includes) {
        kept.add(start, end);
      }
    }
    return documentOf(kept.all());
  };
}

/** Parts of some bytes. Parts without a gap between them are one. */
class Pieces {
  private readonly pieces: Uint8Array[] = [];
  private start = 0;
  private end = 0;

  constructor(private readonly bytes: Uint8Array) {}

  add(start: number, end: number): void {
    if (start !== this.end) this.finish(start);
    this.end = end;
  }

  addBytes(bytes: Uint8Array): void {
    this.finish(0);
    this.end = 0;
    this.pieces.push(bytes);
  }

  all(): readonly Uint8Array[] {
    this.finish(0);
    return this.pieces;
  }

  private finish(nextStart: number): void {
    if (this.end > this.start) this.pieces.push(this.bytes.subarray(this.start, this.end));
    this.start = nextStart;
  }
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
    const elements = this.batch.flatMap((doc, i) => element(BSON.object, String(i), doc));
    const cursor = documentOf([...element(BSON.array, this.field, documentOf(elements)), elementsOf(this.rest)]);
    return documentOf([...element(BSON.object, 'cursor', cursor), elementsOf({ ok: 1 })]);
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
