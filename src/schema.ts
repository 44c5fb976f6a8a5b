import 'reflect-metadata';
import { GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { ViewerResolver } from './auth/viewer.resolver.js';
import { CourseResolver } from './catalog/course/course.resolver.js';
import type { CourseService } from './catalog/course/course.service.js';
import { ImageResolver } from './catalog/image/image.resolver.js';
import type { ImageService } from './catalog/image/image.service.js';
import { UploadResolver } from './catalog/upload/upload.resolver.js';
import type { UploadService } from './catalog/upload/upload.service.js';
import { CourseTopicsResolver, TopicResolver } from './catalog/topic/topic.resolver.js';
import type { TopicService } from './catalog/topic/topic.service.js';
import { TopicVideosResolver } from './catalog/video/topic-videos.resolver.js';
import { ResourceResolver, VideoItemsResolver } from './catalog/video/video-items.resolver.js';
import { VideoResolver } from './catalog/video/video.resolver.js';
import type { VideoService } from './catalog/video/video.service.js';
import { validateInput } from './graphql/validation.js';
import { MediaFileResolver } from './media/media-file.resolver.js';
import type { SignedUrls } from './media/signed-urls.js';
import { defineStorageNames } from './media/storage-name.js';
import { BUILT_IN_STORAGES } from './storage/create-storage.js';
import type { StorageName } from './storage/storage.js';

/** The description of the schema. Error codes are listed in the docs, not at each mutation. */
const DESCRIPTION =
  'Courses, topics, videos and images, with their files. Every error has a code in `extensions.code`; docs/errors.md ' +
  'lists the codes with what to do about each. A query answers null for a record that you may not see; a mutation ' +
  'answers NOT_FOUND.';

/** The services and values that resolvers need. */
export interface ResolverParts {
  readonly courses: CourseService;
  readonly topics: TopicService;
  readonly videos: VideoService;
  readonly images: ImageService;
  readonly uploads: UploadService;
  readonly signedUrls: SignedUrls;
  /** The values of the enum `StorageName`. */
  readonly storageNames: readonly StorageName[];
}

interface ResolverEntry {
  readonly type: new (...parts: never[]) => object;
  readonly create: (parts: ResolverParts) => object;
}

/** A resolver class, with the function that creates its instance. */
function entry<T extends object>(
  type: new (...parts: never[]) => T,
  create: (parts: ResolverParts) => T,
): ResolverEntry {
  return { type, create };
}

/** All resolvers. A resolver that is not listed here is not served. */
const RESOLVERS: readonly ResolverEntry[] = [
  entry(ViewerResolver, () => new ViewerResolver()),
  entry(CourseResolver, ({ courses, signedUrls }) => new CourseResolver(courses, signedUrls)),
  entry(CourseTopicsResolver, () => new CourseTopicsResolver()),
  entry(TopicResolver, ({ topics }) => new TopicResolver(topics)),
  entry(TopicVideosResolver, () => new TopicVideosResolver()),
  entry(VideoResolver, ({ videos, signedUrls }) => new VideoResolver(videos, signedUrls)),
  entry(VideoItemsResolver, ({ videos }) => new VideoItemsResolver(videos)),
  entry(ResourceResolver, () => new ResourceResolver()),
  entry(ImageResolver, ({ images, signedUrls }) => new ImageResolver(images, signedUrls)),
  entry(UploadResolver, ({ uploads }) => new UploadResolver(uploads)),
  entry(MediaFileResolver, ({ signedUrls, storageNames }) => new MediaFileResolver(signedUrls, storageNames)),
];

/**
 * Builds the GraphQL schema, with resolvers that use `parts`. Without `parts` there are no resolver instances, and the
 * enum of storages has the built-in ones: the schema can be printed, but not executed.
 */
export function buildLecternSchema(parts?: ResolverParts): GraphQLSchema {
  defineStorageNames(parts?.storageNames ?? BUILT_IN_STORAGES);
  const instances = new Map<unknown, object>();
  if (parts) for (const { type, create } of RESOLVERS) instances.set(type, create(parts));
  const schema = buildSchemaSync({
    resolvers: RESOLVERS.map(({ type }) => type) as unknown as NonEmptyArray<ResolverEntry['type']>,
    validateFn: async (value, inputClass, { info }) => validateInput(value, inputClass, info),
    // TypeGraphQL's check, a query of the whole schema, takes most of the time of this function. It runs whenever the schema
    // is printed, which `npm run check` does, and its outcome depends on nothing in `parts`.
    ...(parts && { container: { get: (type) => instances.get(type) }, skipCheck: true }),
  });
  return new GraphQLSchema({ ...schema.toConfig(), description: DESCRIPTION });
}

/** The schema in SDL, as schema/schema.graphql holds it. */
export function printLecternSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildLecternSchema()))}\n`;
}
