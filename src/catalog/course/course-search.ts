import type { ComplexityEstimator } from 'graphql-query-complexity';
import { byPageSize } from '../../graphql/cost.js';
import type { KeysetPageOptions } from '../keyset-page.js';
import { MAX_SEARCH_WORDS, wordsToSearchFor } from '../search-words.js';
import type { CourseListArgs } from './course.inputs.js';
import type { Course } from './course.model.js';

/** What each word of a search costs: it reads every course that has the word, as a page of some hundred courses does. */
const WORD_COST = 1_000;
/** Above every code point that a word can have: ends the range of a prefix. */
const PREFIX_END = '\u{10FFFF}';

/** The filter of a search; undefined for a text without words, which is no search. */
export function courseSearch(text: string | null | undefined): KeysetPageOptions<Course>['search'] {
  const words = wordsToSearchFor(text ?? '');
  if (words.length === 0) return undefined;
  // Each word as a range of the words index: a regular expression would not use the index on every server.
  const ranges = words.map((word) => ({ words: { $elemMatch: { $gte: word, $lt: word + PREFIX_END } } }));
  return { filter: { $and: ranges }, index: { words: 1 } };
}

/** The price of a list of courses: by the size of its page, and by the words of its search. */
export const courseListPrice: ComplexityEstimator = (options) => {
  const { filter } = options.args as Pick<CourseListArgs, 'filter'>;
  return Number(byPageSize(options)) + WORD_COST * wordsOf(filter?.search);
};

/** Texts longer than any search that is accepted are refused later; they are priced without a look at them. */
function wordsOf(search: unknown): number {
  if (typeof search !== 'string') return 0;
  return search.length > MAX_PRICED_LENGTH ? MAX_SEARCH_WORDS : wordsToSearchFor(search).length;
}

/** The longest search that is looked at to price it, in UTF-16 units. */
const MAX_PRICED_LENGTH = 1_000;
