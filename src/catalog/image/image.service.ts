import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import type { Connection } from '../../graphql/pagination.js';
import type { Upload } from '../../graphql/upload.js';
import type { SessionRow } from '../../media/direct/session-row.js';
import type { LifeCycle } from '../../media/life-cycle.js';
import type { MediaFile } from '../../media/media-file.model.js';
import { imageListOf, maySeeImages, requireAuthor, requireImageWriter, requireViewer } from '../access.js';
import type { CatalogContext } from '../context.js';
import { given, trimmed } from '../input-values.js';
import { keysetPage } from '../keyset-page.js';
import type { Removal } from '../removal.js';
import { derivedOfImage } from './image-derived.js';
import type { UploadImageInput } from './image.inputs.js';
import { imageById } from './image.loader.js';
import { ImageModel, type Image } from './image.model.js';

export class ImageService {
  constructor(
    private readonly lifeCycle: LifeCycle,
    private readonly removal: Removal,
  ) {}

  async find(context: CatalogContext, id: string): Promise<Image | null> {
    return maySeeImages(context.viewer) ? imageById(context).load(id) : null;
  }

  /**
   * Newest first.
   * @param paths The paths of the fields that are read of each image. Absent: whole records.
   */
  async list(
    context: CatalogContext,
    first: number | null | undefined,
    after: string | null | undefined,
    paths?: readonly string[],
  ): Promise<Connection<Image>> {
    const list = imageListOf(requireViewer(context.viewer));
    const order = { field: 'createdAt', direction: -1 } as const;
    return keysetPage<Image>({
      model: ImageModel,
      lists: [list],
      order,
      first,
      after,
      paths,
    });
  }

  async upload(context: CatalogContext, upload: Upload, input: UploadImageInput | null | undefined): Promise<Image> {
    const viewer = requireAuthor(context.viewer);
    const image = newImage(newId(), viewer.id, imageFacts(input));
    const file = { slot: 'IMAGE' as const, place: { ownerId: image._id }, open: () => upload.open() };
    await this.lifeCycle.create({ file }, context.signal, async (stored) => {
      Object.assign(image, stored);
      await ImageModel.create(image);
    });
    return image as Image;
  }

  /** Inserts the record of a file that a direct upload has stored. */
  readonly insertUploaded = async ({ ownerId, session }: SessionRow, file: MediaFile): Promise<void> => {
    await ImageModel.create({ ...newImage(ownerId, session.makerId, session.facts ?? {}), file });
  };

  async delete(context: CatalogContext, id: string): Promise<string> {
    const viewer = requireViewer(context.viewer);
    const image = await imageById(context).clear(id).load(id);
    requireImageWriter(viewer, image);
    if (!(await this.removal.image(id, image))) throw new LecternError('NOT_FOUND');
    imageById(context).clear(id);
    return id;
  }
}

/** What an image keeps beside its file, as its uploader gave it. */
export function imageFacts(input: UploadImageInput | null | undefined): Pick<Partial<Image>, 'altText'> {
  return given({ altText: trimmed(input?.altText) });
}

function newImage(id: string, uploaderId: string, facts: Pick<Partial<Image>, 'altText'>): Omit<Image, 'file'> {
  return {
    _id: id,
    uploaderId,
    ...facts,
    createdAt: new Date(),
    ...derivedOfImage({ uploaderId }),
    mediaRevision: 0,
  };
}
