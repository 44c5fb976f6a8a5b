import { listsOfImage } from '../access.js';
import { DERIVED_VERSION } from '../derived-version.js';
import type { Image } from './image.model.js';

/** Computes the derived fields of an image: they are stored with it so that it can be listed. */
export function derivedOfImage(image: Pick<Image, 'uploaderId'>): Pick<Image, 'listKeys' | 'derivedVersion'> {
  return { listKeys: listsOfImage(image), derivedVersion: DERIVED_VERSION };
}
