import { perRequest } from '../../graphql/per-request.js';
import type { CatalogContext } from '../context.js';
import { recordsById } from '../records-by-id.js';
import { ImageModel, type Image } from './image.model.js';

/** Loads images by id, without deleted ones. All that a request needs at the same time take one database command. */
export const imageById = perRequest((_context: CatalogContext) => recordsById<Image>(ImageModel));
