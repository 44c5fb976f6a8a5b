import { randomBytes } from 'node:crypto';
import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataDir, DataDirError, PRIVATE_DIR } from './data-dir.js';
import { codeOf, readIfThere, writePrivate } from './private-file.js';

/** The settings that determine the secret for tokens. */
export interface AuthSecretSettings {
  readonly production: boolean;
  readonly auth: { readonly secret?: string; readonly jwksUrl?: string };
}

/** The settings that determine the secret for URLs of local files. */
export interface UrlSigningSecretSettings {
  readonly production: boolean;
  readonly auth: { readonly secret?: string; readonly previousSecret?: string };
  readonly storage: { readonly urlSigningSecret?: string; readonly previousUrlSigningSecret?: string };
}

const SECRET_BYTES = 32;
const SECRET_NAME = /^[a-z]+(-[a-z]+)*$/;
/** 32 bytes or more in base64url. A shorter text was truncated, for example because the disk was full. */
const WHOLE_SECRET = /^[\w-]{43,}$/;

/**
 * Returns the secret that signs and verifies HS256 tokens. Server and commands use the same one.
 * Returns undefined when only a key set verifies tokens, and in production when no secret is configured.
 */
export async function authSecret(settings: AuthSecretSettings, dataDir: DataDir): Promise<string | undefined> {
  const { secret, jwksUrl } = settings.auth;
  if (secret !== undefined) return secret;
  return jwksUrl !== undefined || settings.production ? undefined : keptSecret(dataDir, 'auth');
}

/**
 * Returns the secret that signs the URLs of local files.
 * Returns undefined in production when none is configured.
 */
export async function urlSigningSecret(
  settings: UrlSigningSecretSettings,
  dataDir: DataDir,
): Promise<string | undefined> {
  const configured = settings.storage.urlSigningSecret ?? settings.auth.secret;
  if (configured !== undefined) return configured;
  return settings.production ? undefined : keptSecret(dataDir, 'url-signing');
}

/** Returns the previous secrets for URLs of local files, including that for tokens when it also signs URLs. */
export function previousUrlSigningSecrets({ auth, storage }: UrlSigningSecretSettings): readonly string[] {
  const ofTokens = storage.urlSigningSecret === undefined ? auth.previousSecret : undefined;
  return [storage.previousUrlSigningSecret, ofTokens].filter((secret) => secret !== undefined);
}

/**
 * Returns a random secret, which the first call generates and stores. When several processes do this at the same time,
 * all get the same secret.
 * @throws {DataDirError} when its file is damaged or cannot be read or written.
 */
export async function keptSecret(dataDir: DataDir, name: string): Promise<string> {
  if (!SECRET_NAME.test(name)) throw new RangeError(`Not a name for a secret: ${name}`);
  const dir = join(dataDir.path, 'secrets');
  const path = join(dir, name);
  return dataDir.use(async () => {
    await mkdir(dir, { recursive: true, mode: PRIVATE_DIR });
    const secret = (await readIfThere(path)) ?? (await makeSecret(path));
    if (!WHOLE_SECRET.test(secret)) {
      throw new DataDirError(`${path} is damaged. Delete it: the next start makes a new one.`);
    }
    return secret;
  });
}

/** Writes the secret to a temporary file, then links it to `path`. When several processes do this, only one link succeeds. */
async function makeSecret(path: string): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writePrivate(draft, `${secret}\n`);
  try {
    await link(draft, path);
    return secret;
  } catch (error) {
    const winner = codeOf(error) === 'EEXIST' ? await readIfThere(path) : null;
    if (winner === null) throw error;
    return winner;
  } finally {
    await rm(draft, { force: true });
  }
}
