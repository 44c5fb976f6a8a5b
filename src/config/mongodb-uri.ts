import { createRequire } from 'node:module';
import type * as ConnectionStrings from 'mongodb-connection-string-url';
import { ValueRefused } from './faults.js';

const EXAMPLE = 'Set a MongoDB connection string, such as mongodb://localhost:27017/lectern';
/** Source: https://www.mongodb.com/docs/manual/reference/connection-string/#components */
const ENCODE =
  'Write / ? # : % @ [ ] in the user name and the password %-encoded, such as %2F for / and %40 for @ ' +
  '(in Node.js: encodeURIComponent(password)); the same holds for an @ in the options';

/** Loads the driver's parser, which takes tens of milliseconds: only when MONGODB_URI is set. */
function connectionStrings(): typeof ConnectionStrings {
  return createRequire(import.meta.url)('mongodb-connection-string-url') as typeof ConnectionStrings;
}

/**
 * Checks a MongoDB connection string with the driver's own parser and returns it unchanged, so that a wrong one is
 * refused at the start. The parser's messages are not repeated, because they may contain a part of the password.
 */
export function mongodbUri(text: string): string {
  if (!/^mongodb(\+srv)?:\/\//.test(text)) {
    throw new ValueRefused('does not begin with mongodb:// or mongodb+srv://', EXAMPLE);
  }
  if (/\s/.test(text)) throw new ValueRefused('holds white space', EXAMPLE);
  const parsed = parse(text);
  // With an unencoded slash in the password, the driver takes the part before it for the host and the rest for the database.
  if (behindHosts(text).includes('@')) {
    throw new ValueRefused('has an @ behind the host, so the password ends too early', ENCODE);
  }
  assertOptions(parsed.searchParams);
  return text;
}

function parse(text: string): ConnectionStrings.ConnectionString {
  try {
    return new (connectionStrings().ConnectionString)(text);
  } catch {
    if (text.includes('@')) {
      throw new ValueRefused(
        'cannot be read: the user name or the password has special characters as they are',
        ENCODE,
      );
    }
    throw new ValueRefused('names no host, or is no connection string that the MongoDB driver can read', EXAMPLE);
  }
}

/** The part of a connection string after the last host. */
function behindHosts(text: string): string {
  return /^[^/]*\/\/(?:[^/?#@]*@)?[^/?#@]*(.*)$/s.exec(text)?.[1] ?? '';
}

/**
 * Refuses options with which files could be lost. A secondary may return a document from before a file was replaced. A
 * write that no majority has acknowledged can be undone by a failover.
 */
function assertOptions(options: URLSearchParams): void {
  for (const [name, value] of options) {
    if (name.toLowerCase() === 'readpreference' && value !== 'primary') {
      throw new ValueRefused(
        'sets a readPreference other than primary, so reads could miss what was just written',
        'Take readPreference out of it',
      );
    }
    if (name.toLowerCase() === 'w' && value !== 'majority') {
      throw new ValueRefused(
        'sets a write concern (w) other than majority, so a failover could take back what clients were told is done',
        'Take w out of it, or set w=majority',
      );
    }
  }
}
