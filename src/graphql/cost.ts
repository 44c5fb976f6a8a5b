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
import { AcceptedQueries, type ParsedQuery } from './accepted-queries.js';
import { costFactorsOf, type VariableValues } from './cost-factors.js';
import { pageSize } from './pagination.js';
import { shapeOf } from './shape.js';

/** The cost of a signed URL. Signing is by far the most expensive work of a field. */
export const URL_COST = 5;
/** The assumed number of items of a list without pages, whose length is known only after it was read. */
const ITEMS_OF_WHOLE_LIST = 10;
/**
 * The most fields and fragments of a document after expanding fragments. Refuses queries that multiply by fragments.
 */
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
  /** How often a query may repeat a selection in the same place. */
  readonly maxDuplicates: number;
}

/** A request as it was sent, not validated. */
export interface GraphqlRequest {
  readonly query?: unknown;
  /** An object, or JSON text when it comes from a URL. */
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/** The cost of a list is that of one item times the requested page size. Every other field costs 1. */
export const byPageSize: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (!field.args.some((argument) => argument.name === 'first')) return 1 + childComplexity;
  const { first } = args as { first?: number | null };
  // The resolver refuses a negative size before it reads anything.
  const isNegative = typeof first === 'number' && first < 0;
  return 1 + (isNegative ? 1 : pageSize(first)) * childComplexity;
};

/** The cost of a list without pages. */
export const wholeList: ComplexityEstimator = ({ childComplexity }) => 1 + ITEMS_OF_WHOLE_LIST * childComplexity;

/**
 * Returns a guard that refuses too expensive queries with QUERY_TOO_COSTLY before they are validated or run: first by
 * the shape of the document, then by its cost, computed from page sizes. Other errors of a query are left to Apollo
 * Server.
 */
export function costGuard(limits: CostLimits): (request: GraphqlRequest) => void {
  const accepted = new AcceptedQueries();
  return ({ query, variables, operationName }) => {
    if (typeof query !== 'string') return;
    const parsed = accepted.query(query, () => parseInShape(query, limits));
    if (!parsed) return;
    const values = valuesOf(variables);
    accepted.price(query, operationName, parsed.costFactors(values), () => {
      const cost = costOf(limits.schema, parsed.document, values, operationName);
      if (cost !== undefined && cost > limits.maxCost) {
        throw tooCostly(`The query costs ${String(cost)}; at most ${String(limits.maxCost)} is allowed.`);
      }
      return cost !== undefined;
    });
  };
}

function parseInShape(query: string, limits: CostLimits): ParsedQuery | undefined {
  const document = parseShort(query, limits.maxTokens);
  if (!document) return undefined;
  checkShape(document, limits);
  return { document, costFactors: costFactorsOf(limits.schema, document) };
}

/** Parses a document. Returns undefined when it is not valid GraphQL. */
function parseShort(query: string, maxTokens: number): DocumentNode | undefined {
  try {
    return parse(query, { maxTokens, noLocation: true });
  } catch (error) {
    // graphql-js has no error code for this, only a message.
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

/** The cost of an operation. Returns undefined when it will not run because it is invalid. */
function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  variables: VariableValues,
  operationName: unknown,
): number | undefined {
  try {
    return getComplexity({
      schema,
      query,
      estimators: [fieldExtensionsEstimator(), byPageSize],
      variables,
      // `checkShape` has already limited the nodes.
      maxQueryNodes: Infinity,
      ...(typeof operationName === 'string' && { operationName }),
    });
  } catch (error) {
    if (!canRun(schema, query, variables, operationName)) return undefined;
    // The query would run, but its cost cannot be computed.
    if (!(error instanceof GraphQLError)) throw error;
    throw new LecternError('BAD_USER_INPUT', 'An argument or a directive of the query has no usable value.', {
      cause: error,
    });
  }
}

/** Returns true when an operation is valid and would run. Apollo Server reports the errors of invalid ones. */
function canRun(
  schema: GraphQLSchema,
  query: DocumentNode,
  variables: VariableValues,
  operationName: unknown,
): boolean {
  const operation = getOperationAST(query, typeof operationName === 'string' ? operationName : null);
  if (!operation || validate(schema, query).length > 0) return false;
  return getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors === undefined;
}

function valuesOf(variables: unknown): VariableValues {
  const values: unknown = typeof variables === 'string' ? parseOrUndefined(variables) : variables;
  return typeof values === 'object' && values !== null ? (values as VariableValues) : {};
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
