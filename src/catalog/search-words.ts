/** The most words of one record that can be searched for; what comes later in a long text is not found. */
const MAX_WORDS = 500;
/** The longest part of a word that counts, in characters. */
const MAX_WORD_LENGTH = 40;

/** Text as it is compared: compatibility forms unified, no accents, lower case. Title order and search use it. */
export function normalise(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** The distinct normalised words of some texts. Everything but letters and digits separates and means nothing. */
export function searchWords(...texts: (string | undefined)[]): string[] {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of normalise(text ?? '').matchAll(/[\p{L}\p{N}]+/gu)) {
      if (words.size === MAX_WORDS) return [...words];
      words.add(word.slice(0, MAX_WORD_LENGTH));
    }
  }
  return [...words];
}
