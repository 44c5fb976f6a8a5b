/** What a signed-in person may be. The values are those of the token's role claim. */
export const Role = {
  ADMIN: 'admin',
  INSTRUCTOR: 'instructor',
  STUDENT: 'student',
} as const;

export type Role = (typeof Role)[keyof typeof Role];

/** Every role, from the one that may do most to the one that may do least. */
export const ROLES: readonly Role[] = Object.values(Role);

/** The person who sent a request. */
export interface Viewer {
  /** The token's `sub`. */
  readonly id: string;
  readonly role: Role;
}

/** The role of a claim, or of a claim that is a list the highest of its roles. Undefined when none is known here. */
export function highestRole(claim: unknown): Role | undefined {
  const named: unknown[] = Array.isArray(claim) ? claim : [claim];
  return ROLES.find((role) => named.includes(role));
}

/** Long enough for any identity provider's subject, short enough to be kept with every record. */
const MAX_ID_CHARACTERS = 256;

/** Control characters would break lines of the log; all lone surrogates become the same character in UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Whether a token's `sub` can be the id of a viewer. */
export function isViewerId(value: unknown): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && value.length <= MAX_ID_CHARACTERS && !UNPRINTABLE.test(value)
  );
}
