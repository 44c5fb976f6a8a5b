import type { ComplexityEstimator } from 'graphql-query-complexity';
import { byPageSize } from '../../graphql/cost.js';
import type { KeysetPageOptions } from '../keyset-page.js';
import { MAX_SEARCH_WORDS, wordsToSearchFor } from '../search-words.js';
import type { CourseListArgs } from './course.inputs.js';
import type { Course } from './course.model.js';

/** The cost of each word of a search. It is high because every course with the word has to be read. */
const WORD_COST = 1_000;
/** The highest code point: a word followed by it is the end of the range of words with that prefix. */
const PREFIX_END = '\u{10FFFF}';

/** Returns the query filter of a search. Returns undefined when the text has no words. */
export function courseSearch(text: string | null | undefined): KeysetPageOptions<Course>['search'] {
  const words = wordsToSearchFor(text ?? '');
  if (words.length === 0) return undefined;
  // Searches prefixes as ranges of the index, because not every server uses the index for a regular expression.
  const ranges = words.map((word) => ({ words: { $elemMatch: { $gte: word, $lt: word + PREFIX_END } } }));
  return { filter: { $and: ranges }, index: { words: 1 } };
}

/** The cost of a list of courses: it depends on the page size and on the number of words of the search. */
export const courseListPrice: ComplexityEstimator = (options) => {
  const { filter } = options.args as Pick<CourseListArgs, 'filter'>;
  return Number(byPageSize(options)) + WORD_COST * wordsOf(filter?.search);
};

/** The number of words of a search. Too long a text counts as the maximum; validation refuses it later. */
function wordsOf(search: unknown): number {
  if (typeof search !== 'string') return 0;
  return search.length > MAX_PRICED_LENGTH ? MAX_SEARCH_WORDS : wordsToSearchFor(search).length;
}

/** Longer texts are not split into words to compute the cost. In UTF-16 code units. */
const MAX_PRICED_LENGTH = 1_000;
