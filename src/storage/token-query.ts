/** Milliseconds since 1970, in decimal: at most 15 digits (the year 33658), which a double represents exactly. */
export const EXPIRY_PATTERN = /^[1-9][0-9]{0,14}$/;

/**
 * The value of a parameter. Returns null when it is absent, or given more than once: the server and a proxy in front of
 * it could pick different values.
 */
export function single(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  return values.length === 1 ? (values[0] ?? null) : null;
}
