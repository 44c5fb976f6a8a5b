/** Values of documents, operations and answers: compared by their text, and numbered. */

/** Fields that no decision depends on; of a session, its `createdAt` bounds its deadline. */
const IRRELEVANT = new Set([
  ...['createdAt', 'updatedAt', 'uploadedAt', 'url', 'listKeys', 'words', 'titleKey', 'revision', 'filename'],
  ...['contentType', 'title', 'uploaderId', 'altText', 'isPreview', 'description', 'status', 'language', 'kind'],
  ...['label', 'isDefault', 'instructorId', 'level', 'category', 'derivedVersion'],
]);

/** The canonical text of a value: equal values have equal texts. */
export function encode(value) {
  if (value instanceof Date) return `D${value.getTime()}`;
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  if (value !== null && typeof value === 'object') {
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    return `{${names
      .sort()
      .map((name) => `${name}:${encode(value[name])}`)
      .join()}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}

/** A copy without irrelevant fields. */
export function prune(value) {
  if (value?._bsontype) return Number(value);
  if (Array.isArray(value)) return value.map(prune);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  const kept = {};
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'session' && inner.createdAt) kept[name] = { ...prune(inner), createdAt: inner.createdAt };
    else if (!IRRELEVANT.has(name) && inner !== undefined) kept[name] = prune(inner);
  }
  return kept;
}

export function copy(value) {
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]));
}

/** Gives equal values equal numbers. */
export class Interner {
  byText = new Map();
  items = [];

  clear() {
    this.byText.clear();
    this.items.length = 0;
  }

  of(text, item) {
    let id = this.byText.get(text);
    if (id === undefined) {
      id = this.items.length;
      this.byText.set(text, id);
      this.items.push(item);
    }
    return id;
  }
}
