import { normalise } from './normalise.js';

/** The most words stored for one record. Later words of a long text cannot be found. */
const MAX_WORDS = 500;
/** How many characters (code points) of a word are compared. */
const MAX_WORD_LENGTH = 40;
/** The most words of a search that are used. Each is one condition on an index. */
export const MAX_SEARCH_WORDS = 8;

/**
 * A word with the signs that belong to it (`c++`, `f#`), or a run of signs: neither letters, digits nor white space.
 */
const PARTS = /(?<word>[\p{L}\p{N}][\p{L}\p{N}\p{M}\u200C\u200D]*)(?<suffix>[+#]*)|(?<signs>[^\p{L}\p{N}\s]+)/gu;
/** Signs that are ignored when the search also has words. `+`, `#`, emoji and other symbols are never ignored. */
const PUNCTUATION = /^(?![+#])[\p{P}\p{C}\p{M}\p{ASCII}]+$/u;

/** Scripts without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/**
 * What splits text, by granularity. `word` finds the words of text without spaces, with dictionaries that do not depend on
 * the locale. Made when it is needed first, because that takes 10 ms.
 */
const segmenters = new Map<Granularity, Intl.Segmenter>();
type Granularity = 'word' | 'grapheme';

/**
 * Returns the words by which a record with these texts can be found: distinct, in order, at most 500. A word includes a
 * following `+` or `#`, and prefixes match, so `c++` is also found by `c`. Every sign (`!`, `⛵`) is a word of its own.
 */
export function searchWords(...texts: (string | undefined)[]): string[] {
  const found = new Set<string>();
  for (const text of texts) {
    for (const { word, suffix } of partsOf(normalise(text ?? ''))) {
      for (const one of [word, ...Array.from(suffix)]) {
        if (found.size === MAX_WORDS) return [...found];
        found.add(cut(one));
      }
    }
  }
  return [...found];
}

/**
 * Returns the words of a search: distinct, at most 8. Each must be a prefix of a word of the record. Punctuation is
 * used only when there is nothing else, so `what is a vector?` ignores the question mark and `?` finds question marks.
 * Returns an empty array for white space alone.
 */
export function wordsToSearchFor(text: string): string[] {
  const parts = [...partsOf(normalise(text))];
  const counting = parts.filter(({ isPunctuation }) => !isPunctuation);
  const sought = new Set((counting.length > 0 ? counting : parts).map(({ word }) => cut(word)));
  return [...sought].slice(0, MAX_SEARCH_WORDS);
}

interface Part {
  /** The word with its suffix (`+`, `#`), or one sign. */
  readonly word: string;
  readonly suffix: string;
  readonly isPunctuation: boolean;
}

function* partsOf(normalised: string): Generator<Part> {
  for (const { groups = {} } of normalised.matchAll(PARTS)) {
    const { word, suffix = '', signs = '' } = groups;
    const spoken = word === undefined ? [] : UNSPACED.test(word) ? segmentsOf('word', word) : [word];
    for (const [index, one] of spoken.entries()) {
      const own = index === spoken.length - 1 ? suffix : '';
      yield { word: one + own, suffix: own, isPunctuation: false };
    }
    for (const sign of segmentsOf('grapheme', signs)) {
      yield { word: sign, suffix: '', isPunctuation: PUNCTUATION.test(sign) };
    }
  }
}

function segmentsOf(granularity: Granularity, text: string): string[] {
  const segmenter = segmenters.get(granularity) ?? new Intl.Segmenter('en', { granularity });
  segmenters.set(granularity, segmenter);
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function cut(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : Array.from(word).slice(0, MAX_WORD_LENGTH).join('');
}
