/**
 * The URL of a worker of this folder, by its file name. Node.js 20 cannot run TypeScript in a worker. So tests, which run the
 * TypeScript source, start the built worker.
 */
export function workerUrl(fileName: string): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/media/content/' : './';
  return new URL(`${built}${fileName}`, import.meta.url);
}
