import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Longer texts are not cached, in characters. */
const MAX_TEXT = 20_000;
/** How much text is cached in all, in characters. A parsed query takes about 50 bytes per character. */
const MAX_DOCUMENT_TEXT = 500_000;
const MAX_PRICE_TEXT = 2_000_000;

/**
 * Caches queries that the cost guard has accepted, in bounded memory, so that a repeated query is not parsed and priced
 * again. Refused queries are never cached.
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

  /** Returns the cached document of a text. If it is not cached, calls `parse`, which throws to refuse the query. */
  document(text: string, parse: () => DocumentNode | undefined): DocumentNode | undefined {
    const known = this.documents.get(text);
    if (known) return known;
    const document = parse();
    if (document && text.length <= MAX_TEXT) this.documents.set(text, document);
    return document;
  }

  /**
   * Calls `check`, which throws when the cost is too high, unless it has already passed for the same text, operation
   * and variables. Nothing else influences the cost; uploaded files do not, so any two files count as equal.
   */
  price(text: string, operationName: unknown, variables: unknown, check: () => boolean): void {
    const key = text.length <= MAX_TEXT ? asText([text, operationName, variables]) : undefined;
    if (key !== undefined && this.prices.has(key)) return;
    if (check() && key !== undefined && key.length <= 2 * MAX_TEXT) this.prices.set(key, true);
  }
}

/** Returns JSON. Returns undefined when the value is nested too deeply: then the price is not cached. */
function asText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
