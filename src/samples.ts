import { fileURLToPath } from 'node:url';

/** The sample files of Lectern, in the package's folder `samples/`. */
export type SampleName = 'intro.mp4' | 'thumbnail.jpg' | 'video.mp4' | 'video.webm';

/** The absolute path of a sample. */
export function samplePath(name: SampleName): string {
  return fileURLToPath(new URL(`../samples/${name}`, import.meta.url));
}
