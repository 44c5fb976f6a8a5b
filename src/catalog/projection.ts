/** Which fields of records the database returns: only those with 1, or all but those with 0. */
export type Projection = Readonly<Record<string, 0 | 1>>;

/** The id and the fields at these paths. A path within another one of them adds nothing; MongoDB refuses it. */
export function only(paths: readonly string[]): Projection {
  const outermost = paths.filter((path) => !paths.some((other) => path.startsWith(`${other}.`)));
  return { _id: 1, ...Object.fromEntries(outermost.map((path) => [path, 1])) };
}
