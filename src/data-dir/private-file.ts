import { open, readFile } from 'node:fs/promises';

const OWNER_ONLY = 0o600;

/** Writes a file that only this user may read. Resolves when its bytes are on the disk. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns the text of a file, without white space at both ends. Returns null when the file does not exist. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Returns the system's code of an error (`ENOENT`). Returns undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
