/** The numbers of the types that the store contains (bsonspec.org, "Non-terminals"). */
export const BSON = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binary: 5,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  int: 16,
  long: 18,
} as const;

/**
 * The elements of an encoded document, one after the other, as places in its bytes. Nothing is decoded and no object is made
 * for an element, because a query looks at all elements of all documents that it examines.
 */
export class Elements {
  /** The number of the type. */
  type = 0;
  /** Where the element begins, with its type. Its name follows. */
  start = 0;
  valueStart = 0;
  /** Where the element after this one begins. */
  end = 4;
  /** Where the document ends, with a zero. */
  private readonly last: number;

  constructor(private readonly bytes: Uint8Array) {
    this.last = bytes.length - 1;
  }

  /** Moves to the next element. Returns false when there is none. */
  next(): boolean {
    const { bytes, end, last } = this;
    if (end >= last) return false;
    this.start = end;
    this.type = bytes[end] as number;
    let nameEnd = end + 1;
    while (nameEnd < last && bytes[nameEnd] !== 0) nameEnd++;
    this.valueStart = nameEnd + 1;
    this.end = this.valueStart + this.valueSize();
    if (this.end > last) throw new Error('a stored document is damaged');
    return true;
  }

  isNamed(name: Uint8Array): boolean {
    const { bytes, start } = this;
    if (this.valueStart - start - 2 !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (bytes[start + 1 + i] !== name[i]) return false;
    return true;
  }

  private valueSize(): number {
    switch (this.type) {
      case BSON.double:
      case BSON.date:
      case BSON.long:
        return 8;
      case BSON.string:
        return 4 + this.length();
      case BSON.object:
      case BSON.array:
        return this.length();
      case BSON.binary:
        return 5 + this.length();
      case BSON.objectId:
        return 12;
      case BSON.bool:
        return 1;
      case BSON.null:
        return 0;
      case BSON.int:
        return 4;
      default:
        throw new Error(`a stored document has a value of type ${this.type}`);
    }
  }

  /** The length with which the value begins (int32). One that is negative counts as huge, so that the search ends. */
  private length(): number {
    const { bytes, valueStart: at } = this;
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}
