import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { URL_COST } from '../../graphql/cost.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import type { SignedUrls } from '../../media/signed-urls.js';
import type { CatalogContext } from '../context.js';
import { UPLOAD_ERRORS } from '../described-errors.js';
import { UploadImageInput } from './image.inputs.js';
import { Image } from './image.model.js';
import type { ImageService } from './image.service.js';

const ImageConnection = connectionType('Image', () => Image);

@Resolver(() => Image)
export class ImageResolver {
  constructor(
    private readonly service: ImageService,
    private readonly signedUrls: SignedUrls,
  ) {}

  @Query(() => Image, { nullable: true, description: 'An image, for anyone signed in; null when there is none.' })
  image(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Image | null> {
    return this.service.find(context, id);
  }

  @Query(() => ImageConnection, {
    description: 'Your own images, newest first; all images for admins. Errors: UNAUTHENTICATED, BAD_USER_INPUT.',
  })
  images(
    @Ctx() context: CatalogContext,
    @Arg('first', () => Int, { nullable: true, description: 'How many, 20 when absent, at most 100.' })
    first?: number | null,
    @Arg('after', () => String, { nullable: true, description: 'The cursor after which the page begins.' })
    after?: string | null,
  ): Promise<Connection<Image>> {
    return this.service.list(context, first, after);
  }

  @Mutation(() => Image, {
    description: `Stores a picture. ${UPLOAD_ERRORS}`,
  })
  uploadImage(
    @Ctx() context: CatalogContext,
    @Arg('file', () => GraphQLUpload) file: Upload,
    @Arg('input', () => UploadImageInput, { nullable: true }) input?: UploadImageInput | null,
  ): Promise<Image> {
    return this.service.upload(context, file, input);
  }

  @Mutation(() => ID, {
    description:
      'Deletes an image with its file: yours, or any for admins. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.',
  })
  deleteImage(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @FieldResolver(() => String, { complexity: URL_COST, description: 'The short way to `file { url }`.' })
  async url(@Root() image: Image): Promise<string> {
    return (await this.signedUrls.of(image.file)).url;
  }
}
