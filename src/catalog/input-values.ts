/** The fields that were given, without those that are null or absent. */
export function given<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Text without the white space around it; undefined when nothing is left. */
export function trimmed(text: string | null | undefined): string | undefined {
  const value = text?.trim();
  return value === '' ? undefined : value;
}

/** A change as MongoDB takes it: what was given is set, what was given as null is unset, the rest stays. */
export function changeOf<T extends object>(fields: T): { $set: Partial<T>; $unset: Partial<Record<keyof T, 1>> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const cleared = entries.filter(([, value]) => value === null).map(([name]) => [name, 1]);
  const set = entries.filter(([, value]) => value !== null);
  return {
    $set: Object.fromEntries(set) as Partial<T>,
    $unset: Object.fromEntries(cleared) as Partial<Record<keyof T, 1>>,
  };
}

/** Text that may be cleared: absent stays absent, null and nothing but white space clear. */
export function clearable(text: string | null | undefined): string | null | undefined {
  return text === undefined ? undefined : (trimmed(text) ?? null);
}
