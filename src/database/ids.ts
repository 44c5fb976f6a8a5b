import { v7, validate, version } from 'uuid';

/** Returns a new record id: a UUID version 7 (RFC 9562, section 5.7). Such ids sort by creation time. */
export function newId(): string {
  return v7();
}

/** Whether a text has the form of an id of `newId`: a UUID version 7 in lower case. */
export function isId(text: string): boolean {
  return validate(text) && version(text) === 7 && text === text.toLowerCase();
}
