/** Letters that Unicode does not decompose, and how people type them on a keyboard without these letters. */
const FOLDED_LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ð: 'd',
  đ: 'd',
  ł: 'l',
  ø: 'o',
  ı: 'i',
  // This form of sigma is used at the end of a word only. A search for the word must find longer words too.
  ς: 'σ',
};
const FOLDED = new RegExp(`[${Object.keys(FOLDED_LETTERS).join('')}]`, 'gu');

/**
 * Invisible characters that are typed by accident: soft hyphens, direction marks, byte order marks, variation selectors
 * (some keyboards add one to an emoji). The joiners U+200C and U+200D stay, because words and emoji need them.
 */
const INVISIBLE = /[\u00AD\u061C\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]|[\uFE00-\uFE0F]/gu;

/** Separates words without visible space. */
const ZERO_WIDTH_SPACE = /\u200B/gu;

/** Latin, Greek and Cyrillic letters with accents, and Hebrew letters with points. */
const ACCENTED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}])\p{M}+/gu;
/** An Arabic letter with its marks. */
const ARABIC = /(\p{Script=Arabic})(\p{M}+)/gu;
/**
 * Arabic marks except hamza and madda, which are part of the letter. The others are vowel points and recitation signs.
 */
const NOT_OF_ARABIC_LETTER = /[^\u0653-\u0655]/gu;
/** A stroke that stretches Arabic words. It is not a letter. */
const TATWEEL = /\u0640/gu;

/** A vowel that Thai and Lao write as one character. Compatibility decomposition splits it, so it is joined again. */
const SPLIT_AM = /\u0E4D(\p{M}*)\u0E32|\u0ECD(\p{M}*)\u0EB2/gu;

/**
 * Returns text in the form in which titles are sorted and words are searched: compatibility forms unified (NFKC), lower
 * case, without accents (Latin, Greek, Cyrillic) and vowel points (Arabic, Hebrew), letters such as ł and ø replaced.
 * Marks of other scripts stay, because in Indic scripts, Thai and Japanese they are part of the word.
 * Source: Unicode Standard Annex #15 (normalization forms), Unicode Standard section 5.18 (case folding).
 */
export function normalise(text: string): string {
  return text
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(ZERO_WIDTH_SPACE, ' ')
    .toLowerCase()
    .normalize('NFKD')
    .replace(TATWEEL, '')
    .replace(ACCENTED, '$1')
    .replace(ARABIC, (_, letter: string, marks: string) => letter + marks.replace(NOT_OF_ARABIC_LETTER, ''))
    .replace(FOLDED, (letter) => FOLDED_LETTERS[letter] ?? letter)
    .replace(SPLIT_AM, (_, thai?: string, lao?: string) =>
      thai === undefined ? `${lao ?? ''}\u0EB3` : `${thai}\u0E33`,
    )
    .normalize('NFC');
}
