import { FieldResolver, Resolver, Root } from 'type-graphql';
import { URL_COST } from '../graphql/cost.js';
import { DateTime } from '../graphql/scalars.js';
import type { StorageName } from '../storage/storage.js';
import { MediaFile } from './media-file.model.js';
import type { SignedUrls } from './signed-urls.js';
import { StorageNameEnum, UNKNOWN_STORAGE } from './storage-name.js';

@Resolver(() => MediaFile)
export class MediaFileResolver {
  constructor(
    private readonly signedUrls: SignedUrls,
    private readonly storageNames: readonly StorageName[],
  ) {}

  @FieldResolver(() => StorageNameEnum, { description: 'The storage that contains the file.' })
  storage(@Root() file: MediaFile): StorageName {
    return this.storageNames.includes(file.storage) ? file.storage : UNKNOWN_STORAGE;
  }

  @FieldResolver(() => String, {
    complexity: URL_COST,
    description: 'A signed URL of the file, valid until `urlExpiresAt`. Do not store it.',
  })
  url(@Root() file: MediaFile): string | Promise<string> {
    return this.signedUrls.urlOf(file);
  }

  @FieldResolver(() => DateTime, {
    description: 'When `url` expires. At least half of its lifetime is left.',
  })
  async urlExpiresAt(@Root() file: MediaFile): Promise<Date> {
    return (await this.signedUrls.of(file)).expiresAt;
  }
}
