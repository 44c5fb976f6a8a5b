import { perRequest } from '../../graphql/per-request.js';
import type { CatalogContext } from '../context.js';
import { recordsById } from '../records-by-id.js';
import { ImageModel, type Image } from './image.model.js';

/** Living images by id; one command for all that a request asks for at once. */
export const imageById = perRequest((_context: CatalogContext) => recordsById<Image>(ImageModel, ['listKeys']));
