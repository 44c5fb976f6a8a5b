/** The embedded database's only entrance: see README.md beside this file. */
export {
  embeddedUri,
  EmbeddedDatabaseLockedError,
  startEmbeddedDatabase,
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from './embedded-database.js';
