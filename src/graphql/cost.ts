import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { fieldExtensionsEstimator, getComplexity, type ComplexityEstimator } from 'graphql-query-complexity';
import { LecternError } from '../errors.js';
import { AcceptedQueries } from './accepted-queries.js';
import { pageSize } from './pagination.js';
import { shapeOf } from './shape.js';

/** What a signed URL costs: signing is by far the dearest thing that a field does. */
export const URL_COST = 5;
/** As how many items a list is priced that always comes whole: how many it has is known only when it is read. */
const ITEMS_OF_WHOLE_LIST = 10;
/** The most fields and fragments of one document, spread out: it ends a query that multiplies itself by fragments. */
const MAX_SELECTIONS = 5_000;

export interface CostLimits {
  readonly schema: GraphQLSchema;
  /** The most that one operation may cost. */
  readonly maxCost: number;
  /** The most tokens of one document. */
  readonly maxTokens: number;
  /** The most levels of fields within fields. */
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  /** How often something may be asked for again at the same place. */
  readonly maxDuplicates: number;
}

/** One request as it was sent, of which nothing is known yet. */
export interface GraphqlRequest {
  readonly query?: unknown;
  /** An object, or in a URL its JSON. */
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

type Values = Readonly<Record<string, unknown>>;

/** A list costs what its items cost, times the size of the page that is asked for; every other field costs 1. */
export const byPageSize: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (!field.args.some((argument) => argument.name === 'first')) return 1 + childComplexity;
  const { first } = args as { first?: number | null };
  // A negative size is refused when the list is resolved, before anything is read.
  const isNegative = typeof first === 'number' && first < 0;
  return 1 + (isNegative ? 1 : pageSize(first)) * childComplexity;
};

/** The price of a field that lists all that there is, without pages. */
export const wholeList: ComplexityEstimator = ({ childComplexity }) => 1 + ITEMS_OF_WHOLE_LIST * childComplexity;

/**
 * Refuses what would cost too much, before it is validated or run, as QUERY_TOO_COSTLY: first by the document's shape,
 * for which its text is enough, then by its price, counted with the sizes of its lists. What is wrong with a query
 * otherwise is left to others to say.
 */
export function costGuard(limits: CostLimits): (request: GraphqlRequest) => void {
  const accepted = new AcceptedQueries();
  return ({ query, variables, operationName }) => {
    if (typeof query !== 'string') return;
    accepted.price(query, operationName, variables, () => {
      const document = accepted.document(query, () => parseInShape(query, limits));
      if (!document) return false;
      const cost = costOf(limits.schema, document, valuesOf(variables), operationName);
      if (cost !== undefined && cost > limits.maxCost) {
        throw tooCostly(`The query costs ${String(cost)}; at most ${String(limits.maxCost)} is allowed.`);
      }
      return cost !== undefined;
    });
  };
}

function parseInShape(query: string, limits: CostLimits): DocumentNode | undefined {
  const document = parseShort(query, limits.maxTokens);
  if (document) checkShape(document, limits);
  return document;
}

/** The document; undefined for one that is no GraphQL. */
function parseShort(query: string, maxTokens: number): DocumentNode | undefined {
  try {
    return parse(query, { maxTokens, noLocation: true });
  } catch (error) {
    // graphql-js has no code for it, only these words.
    if (error instanceof GraphQLError && /more tha[nt] \d+ tokens/.test(error.message)) {
      throw tooCostly(`The query is longer than ${String(maxTokens)} tokens.`, error);
    }
    return undefined;
  }
}

function checkShape(document: DocumentNode, limits: CostLimits): void {
  const { selections, depth, aliases, directives, duplicates } = shapeOf(document);
  const most = (found: number, max: number, what: string): void => {
    if (found > max) throw tooCostly(`The query has ${String(found)} ${what}; at most ${String(max)} are allowed.`);
  };
  most(depth, limits.maxDepth, 'levels of fields');
  most(aliases, limits.maxAliases, 'aliases');
  most(directives, limits.maxDirectives, 'directives');
  most(duplicates, limits.maxDuplicates, 'repetitions of what it asks for already');
  most(selections, MAX_SELECTIONS, 'fields and fragments, each counted where it is spread');
}

/** The price of an operation; undefined for one that will not be run. */
function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  variables: Values,
  operationName: unknown,
): number | undefined {
  try {
    return getComplexity({
      schema,
      query,
      estimators: [fieldExtensionsEstimator(), byPageSize],
      variables,
      // The document's shape has bounded them.
      maxQueryNodes: Infinity,
      ...(typeof operationName === 'string' && { operationName }),
    });
  } catch (error) {
    if (!canRun(schema, query, variables, operationName)) return undefined;
    // The rest of such a query would be run, at a price that is not known.
    if (!(error instanceof GraphQLError)) throw error;
    throw new LecternError('BAD_USER_INPUT', 'An argument or a directive of the query has no usable value.', {
      cause: error,
    });
  }
}

/** Whether an operation would be run at all. What is wrong with one that would not, others tell better. */
function canRun(schema: GraphQLSchema, query: DocumentNode, variables: Values, operationName: unknown): boolean {
  const operation = getOperationAST(query, typeof operationName === 'string' ? operationName : null);
  if (!operation || validate(schema, query).length > 0) return false;
  return getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors === undefined;
}

function valuesOf(variables: unknown): Values {
  const values: unknown = typeof variables === 'string' ? parseOrUndefined(variables) : variables;
  return typeof values === 'object' && values !== null ? (values as Values) : {};
}

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function tooCostly(message: string, cause?: unknown): LecternError {
  return new LecternError('QUERY_TOO_COSTLY', message, { cause });
}
