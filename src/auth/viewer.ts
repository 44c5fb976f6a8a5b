/** What a signed-in person may be. The values are those of the token's role claim. */
export const Role = {
  ADMIN: 'admin',
  INSTRUCTOR: 'instructor',
  STUDENT: 'student',
} as const;

export type Role = (typeof Role)[keyof typeof Role];

/** Every role, in the order in which they may do less. */
export const ROLES: readonly Role[] = Object.values(Role);

/** Who is asking. */
export interface Viewer {
  /** The token's `sub`. */
  readonly id: string;
  readonly role: Role;
}

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** Long enough for any identity provider's subject, short enough to be kept with every record. */
const MAX_ID_CHARACTERS = 256;

/** Control characters spoil logs; lone surrogates all become one and the same character in UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Whether a token's `sub` can be the id of a viewer. */
export function isViewerId(value: unknown): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && value.length <= MAX_ID_CHARACTERS && !UNPRINTABLE.test(value)
  );
}
