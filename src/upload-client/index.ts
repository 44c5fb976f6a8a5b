import type { Uploader, UploaderOptions } from './api.js';
import { openUploader } from './uploader.js';

export * from './api.js';

/** Makes an uploader for one server and one viewer. All its uploads share three to six connections. */
export function createUploader(options: UploaderOptions): Uploader {
  return openUploader(options);
}
