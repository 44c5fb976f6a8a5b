import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { VariableValues } from './cost-factors.js';

/** Longer texts are not cached, in characters. */
const MAX_TEXT = 20_000;
/** How much text is cached in all, in characters. A parsed query takes about 50 bytes per character. */
const MAX_QUERY_TEXT = 500_000;
const MAX_PRICE_TEXT = 2_000_000;

export interface ParsedQuery {
  readonly document: DocumentNode;
  /** What the cost depends on, of the variables of a request. */
  readonly costFactors: (variables: VariableValues) => readonly unknown[];
}

/**
 * Caches queries that the cost guard has accepted, in bounded memory, so that a repeated query is not parsed and priced
 * again. Refused queries are never cached.
 */
export class AcceptedQueries {
  private readonly queries = new LRUCache<string, ParsedQuery>({
    maxSize: MAX_QUERY_TEXT,
    sizeCalculation: (_query, text) => text.length + 1,
  });
  private readonly prices = new LRUCache<string, true>({
    maxSize: MAX_PRICE_TEXT,
    sizeCalculation: (_price, key) => key.length + 1,
  });

  /** Returns the cached query with this text. If it is not cached, calls `parse`, which throws to refuse the query. */
  query(text: string, parse: () => ParsedQuery | undefined): ParsedQuery | undefined {
    const known = this.queries.get(text);
    if (known) return known;
    const query = parse();
    if (query && text.length <= MAX_TEXT) this.queries.set(text, query);
    return query;
  }

  /**
   * Calls `check`, which throws when the cost is too high, unless it has already passed for the same text, operation
   * and cost factors. Nothing else influences the cost.
   */
  price(text: string, operationName: unknown, costFactors: readonly unknown[], check: () => boolean): void {
    const key = text.length <= MAX_TEXT ? asText([text, operationName, costFactors]) : undefined;
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
