/** Letters that Unicode does not decompose, as people type them who have no key for them. */
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
  // Sigma as it is written at the end of a word only. The same letters can begin a longer word.
  ς: 'σ',
};
const FOLDED = new RegExp(`[${Object.keys(FOLDED_LETTERS).join('')}]`, 'gu');

/**
 * What cannot be seen and is typed by chance: soft hyphens, direction marks, byte order marks, variation selectors (an
 * emoji comes with one from some keyboards). The joiners U+200C and U+200D stay: they make words and emoji.
 */
const INVISIBLE = /[\u00AD\u061C\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]|[\uFE00-\uFE0F]/gu;

/** Separates words where none can be seen to. */
const ZERO_WIDTH_SPACE = /\u200B/gu;

/** Accents of Latin, Greek and Cyrillic letters, and points of Hebrew ones. */
const ACCENTED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}])\p{M}+/gu;
/** An Arabic letter with its marks. */
const ARABIC = /(\p{Script=Arabic})(\p{M}+)/gu;
/** Hamza and madda belong to the letter; the other marks of Arabic are vowel points and signs for reciting. */
const NOT_OF_ARABIC_LETTER = /[^\u0653-\u0655]/gu;
/** Stretches an Arabic word on paper, and is no letter. */
const TATWEEL = /\u0640/gu;

/** Thai and Lao write this vowel as one character, and word lists have it so; compatibility decomposition splits it. */
const SPLIT_AM = /\u0E4D(\p{M}*)\u0E32|\u0ECD(\p{M}*)\u0EB2/gu;

/**
 * Text as it is compared, for title order and search: compatibility forms unified (NFKC), lower case, without accents
 * (Latin, Greek, Cyrillic) and vowel points (Arabic, Hebrew), and with letters such as ł and ø folded. Marks of other
 * scripts stay: in Indic scripts, Thai and Japanese they are a part of the word.
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
