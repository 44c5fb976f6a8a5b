import { registerEnumType } from 'type-graphql';
import type { StorageName } from '../storage/storage.js';

/** What GraphQL says of a storage that this server does not know. No driver can have this name: names are lower-case. */
export const UNKNOWN_STORAGE = 'UNKNOWN';

/** The GraphQL enum `StorageName`: storages by their enum value. Its values are those of the last `defineStorageNames`. */
export const StorageNameEnum: Record<string, StorageName> = {};

const UNKNOWN_DESCRIPTION =
  'A storage that this server does not know: the file was stored by another version of Lectern, and has no URL here.';

registerEnumType(StorageNameEnum, {
  name: 'StorageName',
  description: 'Where the bytes of a file are.',
  valuesConfig: { [UNKNOWN_STORAGE]: { description: UNKNOWN_DESCRIPTION } },
});

/** Call it before a schema is built: TypeGraphQL reads the values of an enum then. */
export function defineStorageNames(names: readonly StorageName[]): void {
  for (const value of Object.keys(StorageNameEnum)) Reflect.deleteProperty(StorageNameEnum, value);
  for (const name of names) StorageNameEnum[name.toUpperCase().replaceAll('-', '_')] = name;
  StorageNameEnum[UNKNOWN_STORAGE] = UNKNOWN_STORAGE;
}
