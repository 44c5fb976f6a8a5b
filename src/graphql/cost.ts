import { GraphQLError, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { fieldExtensionsEstimator, getComplexity, type ComplexityEstimator } from 'graphql-query-complexity';
import { LecternError } from '../errors.js';
import { pageSize } from './pagination.js';

/** What a signed URL costs: signing is by far the dearest thing that a field does. */
export const URL_COST = 5;
/** The most fields that are looked at, fragments spread out: it ends a query that multiplies itself by fragments. */
const MAX_COUNTED_FIELDS = 20_000;

export interface CostLimits {
  readonly schema: GraphQLSchema;
  /** The most that one operation may cost. */
  readonly maxCost: number;
  /** The most tokens of one document. */
  readonly maxTokens: number;
}

/** One request as it was sent, of which nothing is known yet. */
export interface GraphqlRequest {
  readonly query?: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/** A list costs what its items cost, times the size of the page that is asked for; every other field costs 1. */
const byPageSize: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (!field.args.some((argument) => argument.name === 'first')) return 1 + childComplexity;
  const { first } = args as { first?: number | null };
  // A negative size is refused when the list is resolved, before anything is read.
  const isNegative = typeof first === 'number' && first < 0;
  return 1 + (isNegative ? 1 : pageSize(first)) * childComplexity;
};

/**
 * Refuses what would cost too much, before it is validated or run: QUERY_TOO_COSTLY for too many tokens, and for too
 * many fields, counted with the sizes of their lists. What is wrong with a query otherwise is left to others to say.
 */
export function costGuard({ schema, maxCost, maxTokens }: CostLimits): (request: GraphqlRequest) => void {
  return ({ query, variables, operationName }) => {
    const document = typeof query === 'string' ? parseShort(query, maxTokens) : undefined;
    if (!document) return;
    const cost = costOf(schema, document, variables, operationName);
    if (cost > maxCost) {
      throw new LecternError(
        'QUERY_TOO_COSTLY',
        `The query costs ${String(cost)}; at most ${String(maxCost)} is allowed.`,
      );
    }
  };
}

/** The document; undefined for one that is no GraphQL. */
function parseShort(query: string, maxTokens: number): DocumentNode | undefined {
  try {
    return parse(query, { maxTokens, noLocation: true });
  } catch (error) {
    // graphql-js has no code for it, only these words.
    if (error instanceof GraphQLError && /more tha[nt] \d+ tokens/.test(error.message)) {
      throw new LecternError('QUERY_TOO_COSTLY', `The query is longer than ${String(maxTokens)} tokens.`, {
        cause: error,
      });
    }
    return undefined;
  }
}

function costOf(schema: GraphQLSchema, query: DocumentNode, variables: unknown, operationName: unknown): number {
  try {
    return getComplexity({
      schema,
      query,
      estimators: [fieldExtensionsEstimator(), byPageSize],
      maxQueryNodes: MAX_COUNTED_FIELDS,
      ...(typeof variables === 'object' && variables !== null && { variables: variables as Record<string, unknown> }),
      ...(typeof operationName === 'string' && { operationName }),
    });
  } catch (error) {
    if (error instanceof GraphQLError && error.message.includes('maximum allowed number of nodes')) return Infinity;
    // Wrong variables, unknown fragments and the like: validation tells them better.
    return 0;
  }
}
