import { normalise } from './normalise.js';

/** The most words of one record that can be searched for. What comes later in a long text is not found. */
const MAX_WORDS = 500;
/** How many characters (code points) of a word count. */
const MAX_WORD_LENGTH = 40;
/** The most words of a search that count: each is a condition on an index. */
export const MAX_SEARCH_WORDS = 8;

/** A word with the signs that are a part of its name (`c++`, `f#`); or a run of what is neither letter, digit nor space. */
const PARTS = /(?<word>[\p{L}\p{N}][\p{L}\p{N}\p{M}\u200C\u200D]*)(?<suffix>[+#]*)|(?<signs>[^\p{L}\p{N}\s]+)/gu;
/** Signs that only separate words when words are searched for, too. `+`, `#`, emoji and other symbols always count. */
const PUNCTUATION = /^(?![+#])[\p{P}\p{C}\p{M}\p{ASCII}]+$/u;

/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** By the word lists of ICU, which are the same for every locale. */
const WORDS = new Intl.Segmenter('en', { granularity: 'word' });
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * The distinct words that a record with these texts is found by, in order, at most 500: words, each with `+` and `#`
 * behind it (`c++` is found by `c`, too), and every sign (`!`, `⛵`) by itself.
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
 * What a search looks for: at most 8 distinct words, each of which must begin a word of the record. Punctuation counts
 * only when nothing else is searched for, so that `what is a vector?` finds what it says and `?` finds question marks.
 * Empty for a text of white space alone.
 */
export function wordsToSearchFor(text: string): string[] {
  const parts = [...partsOf(normalise(text))];
  const counting = parts.filter(({ isPunctuation }) => !isPunctuation);
  const sought = new Set((counting.length > 0 ? counting : parts).map(({ word }) => cut(word)));
  return [...sought].slice(0, MAX_SEARCH_WORDS);
}

interface Part {
  /** With its suffix. */
  readonly word: string;
  readonly suffix: string;
  readonly isPunctuation: boolean;
}

function* partsOf(normalised: string): Generator<Part> {
  for (const { groups = {} } of normalised.matchAll(PARTS)) {
    const { word, suffix = '', signs = '' } = groups;
    const spoken = word === undefined ? [] : UNSPACED.test(word) ? segmentsOf(WORDS, word) : [word];
    for (const [index, one] of spoken.entries()) {
      const own = index === spoken.length - 1 ? suffix : '';
      yield { word: one + own, suffix: own, isPunctuation: false };
    }
    for (const sign of segmentsOf(GRAPHEMES, signs)) {
      yield { word: sign, suffix: '', isPunctuation: PUNCTUATION.test(sign) };
    }
  }
}

function segmentsOf(segmenter: Intl.Segmenter, text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function cut(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : Array.from(word).slice(0, MAX_WORD_LENGTH).join('');
}
