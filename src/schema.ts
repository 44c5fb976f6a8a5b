import 'reflect-metadata';
import { printSchema, lexicographicSortSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type ContainerType } from 'type-graphql';
import { ViewerResolver } from './auth/viewer.resolver.js';
import { CourseResolver } from './catalog/course/course.resolver.js';
import { ImageResolver } from './catalog/image/image.resolver.js';
import { CourseTopicsResolver, TopicResolver } from './catalog/topic/topic.resolver.js';
import { TopicVideosResolver } from './catalog/video/topic-videos.resolver.js';
import { ResourceResolver, VideoItemsResolver } from './catalog/video/video-items.resolver.js';
import { VideoResolver } from './catalog/video/video.resolver.js';
import { validateInput } from './graphql/validation.js';
import { MediaFileResolver } from './media/media-file.resolver.js';
import { defineStorageNames } from './media/storage-name.js';
import { BUILT_IN_STORAGES } from './storage/create-storage.js';
import type { StorageName } from './storage/storage.js';

/** Every resolver there is. What is not listed here is not served. */
const RESOLVERS = [
  ViewerResolver,
  CourseResolver,
  CourseTopicsResolver,
  TopicResolver,
  TopicVideosResolver,
  VideoResolver,
  VideoItemsResolver,
  ResourceResolver,
  ImageResolver,
  MediaFileResolver,
] as const;

/**
 * The GraphQL schema.
 * @param container Gives TypeGraphQL the resolvers' instances; without one the schema can only be printed.
 * @param storageNames The values of the enum `StorageName`.
 */
export function buildLecternSchema(
  container?: ContainerType,
  storageNames: readonly StorageName[] = BUILT_IN_STORAGES,
): GraphQLSchema {
  defineStorageNames(storageNames);
  return buildSchemaSync({
    resolvers: RESOLVERS,
    validateFn: async (value, inputClass, { info }) => validateInput(value, inputClass, info),
    ...(container && { container }),
  });
}

/** The schema as it is published in schema/schema.graphql. */
export function printLecternSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildLecternSchema()))}\n`;
}
