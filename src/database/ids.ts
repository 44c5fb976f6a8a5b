import { v7, validate, version } from 'uuid';

/** A new record id: a UUID version 7 (RFC 9562, section 5.7), so that ids sort by the time they were made. */
export function newId(): string {
  return v7();
}

/** Whether `newId` could have made this: in its canonical form, lower case. */
export function isId(text: string): boolean {
  return validate(text) && version(text) === 7 && text === text.toLowerCase();
}
