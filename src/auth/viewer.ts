/** The roles of a viewer. The values are those of the token's role claim. */
export const Role = {
  ADMIN: 'admin',
  INSTRUCTOR: 'instructor',
  STUDENT: 'student',
} as const;

export type Role = (typeof Role)[keyof typeof Role];

/** Every role, the most powerful first. */
export const ROLES: readonly Role[] = Object.values(Role);

/** The person who sent a request. */
export interface Viewer {
  /** The token's `sub`. */
  readonly id: string;
  readonly role: Role;
}

/** Returns the role in a claim, or the highest if the claim is a list. Returns undefined when it has no known role. */
export function highestRole(claim: unknown): Role | undefined {
  const named: unknown[] = Array.isArray(claim) ? claim : [claim];
  return ROLES.find((role) => named.includes(role));
}

/** The longest user id, in characters (UTF-16 code units). It is stored with every record. */
const MAX_ID_CHARACTERS = 256;

/** Control characters would break log lines. Lone surrogates would all become the same character in UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Returns true when a token's `sub` can be used as the id of a viewer. */
export function isViewerId(value: unknown): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && value.length <= MAX_ID_CHARACTERS && !UNPRINTABLE.test(value)
  );
}
