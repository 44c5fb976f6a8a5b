import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/catalog/normalise.js';
import { searchWords, wordsToSearchFor } from '../../src/catalog/search-words.js';

describe('normalise', () => {
  it.each([
    ['Crème BRÛLÉE', 'creme brulee'],
    ['ﬁne', 'fine'],
    ['Ａｄａ', 'ada'],
    ['İstanbul', 'istanbul'],
    ['ΓΕΩΜΕΤΡΊΑ', 'γεωμετρια'],
    ['①②', '12'],
    ['Łódź Øre Straße đ Æsop œuvre ırmak Þór Ðð', 'lodz ore strasse d aesop oeuvre irmak thor dd'],
    ['ΛΌΓΟΣ', 'λογοσ'],
    ['Ёлка, Й', 'елка, и'],
    ['Việt Nam', 'viet nam'],
    // Vowel points are removed; marks that make another letter stay.
    ['كِتَابٌ', 'كتاب'],
    ['أحـــمد', 'أحمد'],
    ['שָׁלוֹם', 'שלום'],
    // Marks that are part of the word stay.
    ['हिन्दी', 'हिन्दी'],
    ['தமிழ்', 'தமிழ்'],
    ['ที่น้ำ', 'ที่น้ำ'],
    ['ຄຳ', 'ຄຳ'],
    ['はばたく', 'はばたく'],
    ['ﾊﾞﾅﾅ', 'バナナ'],
    // An emoji is the same with and without a variation selector.
    ['⛵\uFE0F soft\u00ADhyphen\u200Bspace', '⛵ softhyphen space'],
  ])('turns %j into %j', (given, expected) => {
    expect(normalise(given)).toBe(expected);
  });

  it('is idempotent, and independent of the Unicode composition', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(text, (given) => {
        const once = normalise(given);
        expect(normalise(once)).toBe(once);
        expect(normalise(given.normalize('NFD'))).toBe(once);
        expect(normalise(given.normalize('NFC'))).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('searchWords', () => {
  it.each<[(string | undefined)[], string[]]>([
    [['Intro to TypeScript'], ['intro', 'to', 'typescript']],
    [['C++, (advanced)!'], ['c++', '+', ',', '(', 'advanced', ')', '!']],
    [['C# and F#'], ['c#', '#', 'and', 'f#']],
    [['帆船入门课程'], ['帆船', '入门', '课程']],
    [['はばたく'], ['はばたく']],
    [['เรียนภาษาไทย'], ['เรียน', 'ภาษา', 'ไทย']],
    [['हिन्दी सीखें'], ['हिन्दी', 'सीखें']],
    [['Python入门2'], ['python', '入门', '2']],
    [['⛵\uFE0F Sailing 👩‍💻!!'], ['⛵', 'sailing', '👩‍💻', '!']],
    [
      ['one', 'two one'],
      ['one', 'two'],
    ],
    [['Ünï-cödé'], ['uni', '-', 'code']],
    [['数学 入門'], ['数学', '入門']],
    [['42nd'], ['42nd']],
    [
      ['.*', '^$', '{"$gt":1}'],
      ['.', '*', '^', '$', '{', '"', 'gt', ':', '1', '}'],
    ],
    [['', undefined, '  \n'], []],
    [[], []],
  ])('splits %j into %j', (texts, words) => {
    expect(searchWords(...texts)).toEqual(words);
  });

  it('cuts words at 40 characters, and the list at 500 words', () => {
    expect(searchWords('x'.repeat(60))).toEqual(['x'.repeat(40)]);
    expect(searchWords('𝒳𐐀'.repeat(30))).toEqual(['x𐐨'.repeat(20)]);
    const many = Array.from({ length: 600 }, (_, i) => `w${i}`);
    expect(searchWords(many.join(' '))).toEqual(many.slice(0, 500));
  });

  it('finds a text by any beginning of any of its words, whatever case and accents', () => {
    const word = fc.stringMatching(/^[a-zäöüéñ0-9]{1,40}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        (words, n, length) => {
          const kept = searchWords(words.join(', '));
          const [sought] = wordsToSearchFor(words[n % words.length]!.slice(0, length).toUpperCase());
          expect(kept.some((one) => one.startsWith(sought!))).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('wordsToSearchFor', () => {
  it.each<[string, string[]]>([
    ['what is a vector?', ['what', 'is', 'a', 'vector']],
    ['C++', ['c++']],
    ['c ++', ['c', '+']],
    ['^crème', ['creme']],
    ['rock & roll', ['rock', 'roll']],
    ['100 €', ['100', '€']],
    ['⛵', ['⛵']],
    ['⛵ lodz', ['⛵', 'lodz']],
    ['!', ['!']],
    ['?!', ['?', '!']],
    ['.*', ['.', '*']],
    ['入门课程', ['入门', '课程']],
    ['a b a c d e f g h i j', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']],
    ['', []],
    [' \t\u200B ', []],
  ])('reads %j as %j', (text, words) => {
    expect(wordsToSearchFor(text)).toEqual(words);
  });

  it('returns at least one word for every visible text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        fc.pre(normalise(text).trim() !== '');
        expect(wordsToSearchFor(text).length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('returns only words that searchWords finds in the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const kept = searchWords(text);
        for (const sought of wordsToSearchFor(text)) expect(kept).toContain(sought);
      }),
      { numRuns: 5_000 },
    );
  });
});
