import { LecternError } from '../errors.js';

/** The longest path into the variables, in segments. */
const MAX_DEPTH = 16;
/** The largest index of a list of files: a larger one would make a list of holes. */
const MAX_LIST_INDEX = 999;

type FileMap = ReadonlyMap<string, readonly string[]>;

/**
 * Checks where the `map` of a multipart request wants to put its files: only in places of `variables` that are already
 * there as `null`, each once. Throws BAD_REQUEST, TOO_MANY_FILES, or BAD_USER_INPUT when one file is wanted twice.
 * What is no map at all is left to the parser, which says so.
 */
export function checkFileMap(operations: unknown, map: unknown, maxFiles: number): FileMap {
  const files = new Map<string, readonly string[]>();
  if (!isRecord(operations) || !isRecord(map)) return files;
  const entries = Object.entries(map);
  if (entries.length > maxFiles) {
    throw new LecternError('TOO_MANY_FILES', `A request carries at most ${String(maxFiles)} files.`);
  }
  const taken = new Set<string>();
  for (const [name, paths] of entries) {
    if (!Array.isArray(paths)) throw badMap(name, 'is not a list of paths');
    for (const path of paths) {
      if (typeof path !== 'string') throw badMap(name, 'holds a path that is no text');
      if (!isPlaceForFile(operations, path))
        throw badMap(name, `names "${path.slice(0, 200)}", where no null waits for a file`);
      if (taken.has(path)) throw badMap(name, `names "${path}" again`);
      taken.add(path);
    }
    if (paths.length > 1) {
      throw new LecternError(
        'BAD_USER_INPUT',
        `The file "${name}" is wanted in several places; send it once for each.`,
      );
    }
    files.set(name, paths as string[]);
  }
  return files;
}

function isPlaceForFile(operations: Record<string, unknown>, path: string): boolean {
  const segments = path.split('.');
  if (segments[0] !== 'variables' || segments.length < 2 || segments.length > MAX_DEPTH) return false;
  let value: unknown = operations;
  for (const segment of segments) {
    if (Array.isArray(value) && !isListIndex(segment)) return false;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return false;
    value = (value as Record<string, unknown>)[segment];
  }
  return value === null;
}

function isListIndex(segment: string): boolean {
  return /^(0|[1-9]\d{0,3})$/.test(segment) && Number(segment) <= MAX_LIST_INDEX;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function badMap(name: string, fault: string): LecternError {
  return new LecternError('BAD_REQUEST', `The map entry "${name.slice(0, 100)}" ${fault}.`);
}
