import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise, searchWords } from '../../src/catalog/search-words.js';

describe('text as it is compared', () => {
  it.each([
    ['Crème BRÛLÉE', 'creme brulee'],
    ['ﬁne', 'fine'],
    ['Ａｄａ', 'ada'],
    ['İstanbul', 'istanbul'],
    ['ΓΕΩΜΕΤΡΊΑ', 'γεωμετρια'],
    ['①②', '12'],
  ])('%j is %j', (given, expected) => {
    expect(normalise(given)).toBe(expected);
  });

  it('is the same when it is normalised again, and however it was composed', () => {
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

describe('the words of texts', () => {
  it.each<[(string | undefined)[], string[]]>([
    [['Intro to TypeScript'], ['intro', 'to', 'typescript']],
    [['C++, (advanced)!'], ['c', 'advanced']],
    [
      ['one', 'two one'],
      ['one', 'two'],
    ],
    [['Ünï-cödé'], ['uni', 'code']],
    [['数学 入門'], ['数学', '入門']],
    [['42nd'], ['42nd']],
    [
      ['.*', '^$', '{"$gt":1}'],
      ['gt', '1'],
    ],
    [['', undefined, '  \n'], []],
    [[], []],
  ])('%j are %j', (texts, words) => {
    expect(searchWords(...texts)).toEqual(words);
  });

  it('are cut at 40 characters, and at 500 words', () => {
    expect(searchWords('x'.repeat(60))).toEqual(['x'.repeat(40)]);
    const many = Array.from({ length: 600 }, (_, i) => `w${i}`);
    expect(searchWords(many.join(' '))).toEqual(many.slice(0, 500));
  });

  it('are found by every beginning of a word, in any case and with any accents', () => {
    const word = fc.stringMatching(/^[a-zäöüéñ0-9]{1,40}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        (words, n, length) => {
          const kept = searchWords(words.join(', '));
          const [sought] = searchWords(words[n % words.length]!.slice(0, length).toUpperCase());
          expect(kept.some((one) => one.startsWith(sought!))).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
