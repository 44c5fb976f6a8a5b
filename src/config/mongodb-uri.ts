import { createRequire } from 'node:module';
import type * as ConnectionStrings from 'mongodb-connection-string-url';
import { ValueRefused } from './faults.js';

const EXAMPLE = 'Set a MongoDB connection string, such as mongodb://localhost:27017/lectern';
/** Source: https://www.mongodb.com/docs/manual/reference/connection-string/#components */
const ENCODE =
  'Write / ? # : % @ [ ] in the user name and the password %-encoded, such as %2F for / and %40 for @ ' +
  '(in Node.js: encodeURIComponent(password)); the same holds for an @ in the options';

/** The driver's parser takes tens of milliseconds to load, so it is loaded only when there is something to parse. */
function connectionStrings(): typeof ConnectionStrings {
  return createRequire(import.meta.url)('mongodb-connection-string-url') as typeof ConnectionStrings;
}

/**
 * A MongoDB connection string, as it was written. The driver's own parser reads it, so that what cannot be meant is
 * refused at the start. What that parser says is not repeated: it may hold a part of the password.
 */
export function mongodbUri(text: string): string {
  if (!/^mongodb(\+srv)?:\/\//.test(text)) {
    throw new ValueRefused('does not begin with mongodb:// or mongodb+srv://', EXAMPLE);
  }
  if (/\s/.test(text)) throw new ValueRefused('holds white space', EXAMPLE);
  const parsed = parse(text);
  // The driver takes what stands before an unencoded slash for the host, and the rest of the password for a database.
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

/** Everything after the last host. */
function behindHosts(text: string): string {
  return /^[^/]*\/\/(?:[^/?#@]*@)?[^/?#@]*(.*)$/s.exec(text)?.[1] ?? '';
}

/**
 * A file's life relies on one document, read at the primary, and on writes that a majority has acknowledged: a
 * secondary may not have heard yet that a file was replaced, and a failover can take a lesser write back.
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
