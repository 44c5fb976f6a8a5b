/** Returns the fields that are neither null nor undefined. */
export function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Removes white space at both ends. Returns undefined when nothing is left. */
export function trimmed(text: string | null | undefined): string | undefined {
  const value = text?.trim();
  return value === '' ? undefined : value;
}

/** Returns a MongoDB update: a field with a value is set, a field with null is removed, an undefined field stays. */
export function changeOf<T extends object>(fields: T): { $set: Partial<T>; $unset: Partial<Record<keyof T, 1>> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const cleared = entries.filter(([, value]) => value === null).map(([name]) => [name, 1]);
  const set = entries.filter(([, value]) => value !== null);
  return {
    $set: Object.fromEntries(set) as Partial<T>,
    $unset: Object.fromEntries(cleared) as Partial<Record<keyof T, 1>>,
  };
}

/** For `changeOf`: null or white space alone become null, which removes the field. Undefined stays undefined. */
export function clearable(text: string | null | undefined): string | null | undefined {
  return text === undefined ? undefined : (trimmed(text) ?? null);
}
