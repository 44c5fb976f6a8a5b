import { examine, ok, type Diagnosis } from '../../diagnosis.js';

const REMEDY = 'Install the packages (npm ci) on a machine with the same system and processor as this one.';

/** A PNG of one white pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWP4//8/AAX+Av5Y8msOAAAAAElFTkSuQmCC',
  'base64',
);

/** Loads the decoder of pictures, which is machine code, and decodes one. A server loads it with the first picture. */
export function diagnosePictures(load = () => import('./image-decoder.js')): Promise<Diagnosis> {
  return examine('pictures', REMEDY, async () => {
    const { decodeImage } = await load();
    await decodeImage(PICTURE, 'image/png', { maxPixels: 1 });
    return ok('Pictures can be decoded.');
  });
}
