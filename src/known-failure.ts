import { inspect } from 'node:util';
import { ConfigError, secretsOf } from './config.js';
import { DataDirError } from './data-dir/data-dir.js';
import { LecternError } from './errors.js';
import { withSources } from './stack-sources.js';

/** A command cannot run. The message says why, and what to do. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/**
 * Prints an error to standard error: the message of a known failure, or an unknown error with its stack. The values of
 * secret variables and the passwords in URLs are removed.
 */
export function printFailure(error: unknown): void {
  const text = knownFailure(error) ?? withSources(inspect(error));
  process.stderr.write(`${withoutSecrets(text)}\n`);
}

function withoutSecrets(text: string): string {
  try {
    return secretsOf().reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  } catch {
    // The .env file cannot be read, so none of its secrets was used.
    return text;
  }
}

/** The messages for when the server cannot listen on HOST and PORT, by the system's error code. */
const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process. Stop it, or set PORT to another port (0 for any free one)',
  EACCES: 'may not be used by this user. Set PORT to a port from 1024 up',
  EADDRNOTAVAIL: 'is not an address of this machine. Set HOST to an address of this machine, or to localhost',
  ENOTFOUND: 'cannot be found. Set HOST to a name or address of this machine, or to localhost',
};

/** The errors whose messages say what to do, by name. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set([
  'DatabaseUriError',
  'CopyError',
  'CopyUnfinishedError',
  'BackupError',
]);

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

/**
 * Returns the message of a failure that an operator can fix.
 * Returns undefined for every other error, which should be printed with its stack.
 */
export function knownFailure(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof DataDirError || error instanceof CommandError) {
    return error.message;
  }
  if (!(error instanceof Error)) return undefined;
  // Recognised by name, because importing these classes would load the database and media code into every command.
  if (error.name === 'DeletionRefusedError') {
    return `${error.message}\nNothing was deleted. If it is what you want, add --force.`;
  }
  if (error.name === 'EmbeddedDatabaseLockedError') {
    return `${error.message}\nIs another Lectern running on this DATA_DIR? Stop it, or set DATA_DIR to another folder.`;
  }
  if (SELF_EXPLAINING.has(error.name)) return error.message;
  if (error instanceof LecternError && error.code === 'DATABASE_UNAVAILABLE') {
    return `The database does not answer${reasonOf(error)}. Is it running, and is MONGODB_URI right?`;
  }
  if (error instanceof LecternError && error.code === 'STORAGE_UNAVAILABLE') {
    return `The file storage does not answer${reasonOf(error)}. Look at LOCAL_STORAGE_DIR or the S3 variables.`;
  }
  return isSystemError(error) ? listenFailure(error) : undefined;
}

function listenFailure(error: SystemError): string | undefined {
  const explanation = LISTEN_FAILURES[error.code];
  const listening = error.syscall === 'listen' || error.syscall === 'getaddrinfo';
  if (explanation === undefined || !listening) return undefined;
  const place = error.address ?? error.hostname ?? 'HOST';
  return `${error.port === undefined ? place : `${place}, port ${error.port},`} ${explanation}.`;
}

/** The message of the cause, in parentheses. Causes come from drivers, whose messages do not contain connection strings. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : '';
}

function isSystemError(error: Error): error is SystemError {
  return 'code' in error && typeof error.code === 'string' && 'syscall' in error && typeof error.syscall === 'string';
}
