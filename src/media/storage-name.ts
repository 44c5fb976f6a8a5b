import { registerEnumType } from 'type-graphql';
import type { StorageName } from '../storage/storage.js';

/**
 * The GraphQL value for a storage that this server does not know. Names of drivers are lower-case, so none equals it.
 */
export const UNKNOWN_STORAGE = 'UNKNOWN';

/** The GraphQL enum `StorageName`: storage names by enum value. `defineStorageNames` fills it. */
export const StorageNameEnum: Record<string, StorageName> = {};

const UNKNOWN_DESCRIPTION =
  'A storage that this server does not know. Another version of Lectern stored the file. There is no URL for it here.';

registerEnumType(StorageNameEnum, {
  name: 'StorageName',
  description: 'The storage of a file.',
  valuesConfig: { [UNKNOWN_STORAGE]: { description: UNKNOWN_DESCRIPTION } },
});

/** Sets the values of the enum. Call it before the schema is built, because TypeGraphQL reads the values then. */
export function defineStorageNames(names: readonly StorageName[]): void {
  for (const value of Object.keys(StorageNameEnum)) Reflect.deleteProperty(StorageNameEnum, value);
  for (const name of names) StorageNameEnum[name.toUpperCase().replaceAll('-', '_')] = name;
  StorageNameEnum[UNKNOWN_STORAGE] = UNKNOWN_STORAGE;
}
