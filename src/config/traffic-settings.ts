import { originList, secretText, trustedProxies, wholeNumber } from './parsers.js';
import type { Section } from './variable.js';

const requestsAMinute = wholeNumber('a number of requests', { min: 0, max: 1_000_000 });

/** How much one query may ask for. What is more is refused as QUERY_TOO_COSTLY before it is validated or run. */
export const QUERIES = {
  maxCost: {
    name: 'QUERY_MAX_COST',
    parse: wholeNumber('a cost', { min: 100, max: 100_000_000 }),
    default: '200000',
    meaning:
      'The most that one query may cost: 1 for a field, 5 for a signed URL, times the sizes of the lists around it.',
  },
  maxTokens: {
    name: 'QUERY_MAX_TOKENS',
    parse: wholeNumber('a number of tokens', { min: 100, max: 1_000_000 }),
    default: '5000',
    meaning: 'The longest query, in GraphQL tokens (names, punctuation and values).',
  },
  maxDepth: {
    name: 'QUERY_MAX_DEPTH',
    parse: wholeNumber('a number of levels', { min: 1, max: 1_000 }),
    default: '20',
    meaning: 'The most levels of fields within fields in one query, fragments included.',
  },
  maxAliases: {
    name: 'QUERY_MAX_ALIASES',
    parse: wholeNumber('a number of aliases', { min: 0, max: 1_000_000 }),
    default: '50',
    meaning: 'The most aliases in one query.',
  },
  maxDirectives: {
    name: 'QUERY_MAX_DIRECTIVES',
    parse: wholeNumber('a number of directives', { min: 0, max: 1_000_000 }),
    default: '50',
    meaning: 'The most directives (@include, @skip) in one query.',
  },
  maxDuplicates: {
    name: 'QUERY_MAX_DUPLICATES',
    parse: wholeNumber('a number of repetitions', { min: 0, max: 1_000_000 }),
    default: '5',
    meaning: 'How often one query may ask again, at the same place, for a field, fragment or directive.',
  },
} as const satisfies Section;

/** Who may come, from where, and how often. */
export const TRAFFIC = {
  viewerRequestsPerMinute: {
    name: 'RATE_LIMIT_VIEWER_PER_MINUTE',
    parse: requestsAMinute,
    unset: '0; in production 600',
    meaning: 'How many requests a minute a signed-in viewer may send. 0 sets no limit.',
  },
  addressRequestsPerMinute: {
    name: 'RATE_LIMIT_ADDRESS_PER_MINUTE',
    parse: requestsAMinute,
    unset: '0; in production 300',
    meaning:
      'How many requests a minute without a valid token one address (of IPv6, one /64) may send. 0 sets no limit.',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    parse: trustedProxies,
    unset: 'X-Forwarded-For is not believed',
    meaning:
      "Whose X-Forwarded-For tells the client's address: the number of proxies in front, or their addresses " +
      '(10.0.0.0/8, loopback, linklocal, uniquelocal), comma-separated.',
  },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    parse: originList,
    unset: 'none',
    meaning:
      'The origins whose pages may call this server and read its answers (https://app.example.org), ' +
      'comma-separated, or * for all. Never with credentials such as cookies.',
  },
  metricsToken: {
    name: 'METRICS_TOKEN',
    parse: secretText,
    unset: 'no /metrics in production, an open one elsewhere',
    secret: true,
    meaning: 'The bearer token that /metrics asks for. At least 32 bytes.',
  },
} as const satisfies Section;
