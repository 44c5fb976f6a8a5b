/**
 * The version of what is derived from a record's facts and stored beside them: list keys, title keys, words. Raise it
 * with every change of what normalise.ts, search-words.ts, course-listing.ts or access.ts derive. Servers then bring
 * older records up to date: see rebuilding.ts. Records of before there were versions have none.
 */
export const DERIVED_VERSION = 1;
