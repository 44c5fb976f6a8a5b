import { originList, secretText, trustedProxies, wholeNumber } from './parsers.js';
import type { Section } from './variable.js';

const requestsAMinute = wholeNumber('a number of requests', { min: 0, max: 1_000_000 });

/** Limits of one query. Above them it is refused with QUERY_TOO_COSTLY before it is validated or executed. */
export const QUERIES = {
  maxCost: {
    name: 'QUERY_MAX_COST',
    parse: wholeNumber('a cost', { min: 100, max: 100_000_000 }),
    default: '200000',
    meaning:
      'How much one query may cost: 1 for a field, 5 for a signed URL, multiplied by the sizes of the lists around it.',
  },
  maxTokens: {
    name: 'QUERY_MAX_TOKENS',
    parse: wholeNumber('a number of tokens', { min: 100, max: 1_000_000 }),
    default: '5000',
    meaning: 'How many GraphQL tokens (names, punctuation and values) one query may have.',
  },
  maxDepth: {
    name: 'QUERY_MAX_DEPTH',
    parse: wholeNumber('a number of levels', { min: 1, max: 1_000 }),
    default: '20',
    meaning: 'How many levels of nested fields one query may have, fragments included.',
  },
  maxAliases: {
    name: 'QUERY_MAX_ALIASES',
    parse: wholeNumber('a number of aliases', { min: 0, max: 1_000_000 }),
    default: '50',
    meaning: 'How many aliases one query may have.',
  },
  maxDirectives: {
    name: 'QUERY_MAX_DIRECTIVES',
    parse: wholeNumber('a number of directives', { min: 0, max: 1_000_000 }),
    default: '50',
    meaning: 'How many directives (@include, @skip) one query may have.',
  },
  maxDuplicates: {
    name: 'QUERY_MAX_DUPLICATES',
    parse: wholeNumber('a number of repetitions', { min: 0, max: 1_000_000 }),
    default: '5',
    meaning: 'How many repetitions of a field, fragment or directive at the same place one query may have.',
  },
} as const satisfies Section;

/** Rate limits, proxies, CORS and metrics. */
export const TRAFFIC = {
  viewerRequestsPerMinute: {
    name: 'RATE_LIMIT_VIEWER_PER_MINUTE',
    parse: requestsAMinute,
    unset: '0; in production 600',
    meaning: 'How many requests a signed-in viewer may send per minute. 0 means no limit.',
  },
  addressRequestsPerMinute: {
    name: 'RATE_LIMIT_ADDRESS_PER_MINUTE',
    parse: requestsAMinute,
    unset: '0; in production 300',
    meaning: 'How many requests without a valid token an address (IPv6: a /64) may send per minute. 0 means no limit.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    parse: trustedProxies,
    unset: 'X-Forwarded-For is ignored',
    meaning:
      "The proxies whose X-Forwarded-For is trusted for the client's address: how many there are in front, or their " +
      'addresses (10.0.0.0/8, loopback, linklocal, uniquelocal), comma-separated.',
  },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    parse: originList,
    unset: 'none',
    meaning:
      'The origins whose pages may call this server and read its responses (https://app.example.org), ' +
      'comma-separated, or * for all. Credentials such as cookies are never allowed.',
  },
  metricsToken: {
    name: 'METRICS_TOKEN',
    parse: secretText,
    unset: 'in production /metrics is off, elsewhere it is open',
    secret: true,
    meaning: 'The bearer token that /metrics requires. At least 32 bytes.',
  },
} as const satisfies Section;
