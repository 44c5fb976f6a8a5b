/** The public interface of the embedded database. See README.md in this folder. */
export {
  embeddedUri,
  EmbeddedDatabaseLockedError,
  startEmbeddedDatabase,
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from './embedded-database.js';
