import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** An image to try an upload with: the repository has one among its tests, an installed package may not. */
export function sampleThumbnail(): string | undefined {
  const path = fileURLToPath(new URL('../../tests/fixtures/thumbnail.jpg', import.meta.url));
  return existsSync(path) ? path : undefined;
}
