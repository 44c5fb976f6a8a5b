import { LecternError } from '../errors.js';

/** The longest path in the map, in segments including `variables`. */
const MAX_DEPTH = 16;
/** The largest list index in a path. */
const MAX_LIST_INDEX = 999;

/** The paths of each file, by the name of its form part. */
export type FileMap = ReadonlyMap<string, readonly string[]>;

/**
 * Checks the `map` of a multipart request: each path must lead to a `null` in `variables`, and no two paths to the same
 * one. Returns the paths without the number that Apollo Sandbox puts before `variables` when it sends several files
 * (`1.variables.file`).
 * @throws {LecternError} BAD_REQUEST, TOO_MANY_FILES, or BAD_USER_INPUT when one file is put in two places.
 */
export function checkFileMap(operations: unknown, map: unknown, maxFiles: number): FileMap {
  const files = new Map<string, readonly string[]>();
  if (!isRecord(operations) || !isRecord(map)) return files;
  const entries = Object.entries(map);
  if (entries.length > maxFiles) {
    throw new LecternError('TOO_MANY_FILES', `A request may contain at most ${String(maxFiles)} files.`);
  }
  const taken = new Set<string>();
  for (const [name, paths] of entries) {
    if (!Array.isArray(paths)) throw badMap(name, 'is not a list of paths');
    const places = paths.map((path: unknown) => {
      if (typeof path !== 'string') throw badMap(name, 'contains a path that is not a string');
      const place = withoutNumber(path);
      if (!isPlaceForFile(operations, place)) {
        throw badMap(name, `names "${path.slice(0, 200)}", which is not the path of a null in the variables`);
      }
      if (taken.has(place)) throw badMap(name, `names "${path}" again`);
      taken.add(place);
      return place;
    });
    if (paths.length > 1) {
      throw new LecternError(
        'BAD_USER_INPUT',
        `The map gives several paths for the file "${name.slice(0, 100)}". Send the file once for each path.`,
      );
    }
    files.set(name, places);
  }
  return files;
}

/** Removes the number of the operation, which Apollo Sandbox adds although it sends only one operation. */
function withoutNumber(path: string): string {
  const [number = '', ...rest] = path.split('.');
  return isListIndex(number) && rest[0] === 'variables' ? rest.join('.') : path;
}

/** Returns true when the path leads to a null in the variables. Only own properties count, never inherited ones. */
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
