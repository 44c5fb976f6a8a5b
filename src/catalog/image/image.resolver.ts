import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { URL_COST } from '../../graphql/cost.js';
import { pathsOfItems, Reads } from '../../graphql/selection.js';
import { GraphQLUpload, type Upload } from '../../graphql/upload.js';
import { readForUrl, type SignedUrls } from '../../media/signed-urls.js';
import type { CatalogContext } from '../context.js';
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

  @Query(() => Image, {
    nullable: true,
    description: 'The image with this id. Null when it does not exist or you are not signed in.',
  })
  image(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<Image | null> {
    return this.service.find(context, id);
  }

  @Query(() => ImageConnection, {
    description: 'The images that you uploaded, newest first. Admins get all images. You have to be signed in.',
  })
  images(
    @Ctx() context: CatalogContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('first', () => Int, { nullable: true, description: 'The page size: at most 100, 20 when absent.' })
    first?: number | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `endCursor` of the previous page. The first page when absent.',
    })
    after?: string | null,
  ): Promise<Connection<Image>> {
    return this.service.list(context, first, after, pathsOfItems(info));
  }

  @Mutation(() => Image, {
    description: 'Stores a picture: JPEG, PNG, WebP, AVIF or GIF. For instructors and admins.',
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
      'Deletes an image with its file. Returns its id. You may delete the images that you uploaded, admins may delete ' +
      'all. This cannot be undone.',
  })
  deleteImage(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<string> {
    return this.service.delete(context, id);
  }

  @Reads(...readForUrl('file'))
  @FieldResolver(() => String, {
    complexity: URL_COST,
    description: 'Same as `file { url }`.',
  })
  url(@Root() image: Image): string | Promise<string> {
    return this.signedUrls.urlOf(image.file);
  }
}
