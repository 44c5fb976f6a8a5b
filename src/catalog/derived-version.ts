/**
 * The version of the derived fields of records: list keys, title keys, words. Raise it whenever normalise.ts,
 * search-words.ts, course-listing.ts or access.ts derive something else. Servers then derive the fields of older
 * records anew: see rebuilding.ts. Records that are older than version 1 have no version.
 */
export const DERIVED_VERSION = 1;
