import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Texts longer than this, in characters, are not remembered: clients that repeat a query send shorter ones. */
const MAX_TEXT = 20_000;
/** How much text is remembered in all, in characters. A parsed query takes some 50 bytes for each character. */
const MAX_DOCUMENT_TEXT = 500_000;
const MAX_PRICE_TEXT = 2_000_000;

/**
 * Remembers queries that the guard of costs has let through, in bounded memory, so that a client that repeats a query
 * does not pay for parsing and pricing it again. What is refused is never remembered.
 */
export class AcceptedQueries {
  private readonly documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_DOCUMENT_TEXT,
    sizeCalculation: (_document, text) => text.length + 1,
  });
  private readonly prices = new LRUCache<string, true>({
    maxSize: MAX_PRICE_TEXT,
    sizeCalculation: (_price, key) => key.length + 1,
  });

  /** The document of a text whose shape was accepted; `parse` makes it, or throws, when the text is not remembered. */
  document(text: string, parse: () => DocumentNode | undefined): DocumentNode | undefined {
    const known = this.documents.get(text);
    if (known) return known;
    const document = parse();
    if (document && text.length <= MAX_TEXT) this.documents.set(text, document);
    return document;
  }

  /**
   * Runs `check`, which throws when the price is too high, unless it has passed for the same text, operation and
   * variables. Nothing else decides the price. Two files as a variable count as equal: no file changes a price.
   */
  price(text: string, operationName: unknown, variables: unknown, check: () => boolean): void {
    const key = text.length <= MAX_TEXT ? asText([text, operationName, variables]) : undefined;
    if (key !== undefined && this.prices.has(key)) return;
    if (check() && key !== undefined && key.length <= 2 * MAX_TEXT) this.prices.set(key, true);
  }
}

/** JSON, or undefined for what is nested too deeply to be written: such a price is not remembered. */
function asText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
