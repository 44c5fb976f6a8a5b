import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

/** A generated document (tests/support/gql), or GraphQL text for tests with invalid queries. */
export type GraphqlDocument<TData, TVariables> = TypedDocumentNode<TData, TVariables> | string;

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { line: number; column: number }[];
  readonly extensions?: { readonly code?: string; readonly [key: string]: unknown };
}

export interface GraphqlResponse<TData> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly data?: TData | null; readonly errors?: readonly GraphqlError[] };
}

export interface RequestOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends one operation as JSON. Returns errors in the response. Throws only when the response is not JSON. */
export async function graphql<TData = Record<string, unknown>, TVariables = Record<string, unknown>>(
  url: string,
  document: GraphqlDocument<TData, TVariables>,
  variables?: NoInfer<TVariables>,
  options: RequestOptions = {},
): Promise<GraphqlResponse<TData>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...requestHeaders(options) },
    body: JSON.stringify({ query: documentText(document), variables: variables ?? {} }),
    ...(options.signal && { signal: options.signal }),
  });
  return readResponse(response);
}

/** Returns the data of a response. Throws when it has errors, with the errors in the message. */
export function dataOf<TData>(response: GraphqlResponse<TData>): TData {
  const { data, errors } = response.body;
  if (errors !== undefined || data === undefined || data === null) {
    throw new Error(`HTTP ${response.status} without plain data: ${JSON.stringify(response.body)}`);
  }
  return data;
}

/** Returns the `extensions.code` of every error, in order. */
export function errorCodes(response: GraphqlResponse<unknown>): (string | undefined)[] {
  return (response.body.errors ?? []).map((error) => error.extensions?.code);
}

export function documentText<TData, TVariables>(document: GraphqlDocument<TData, TVariables>): string {
  return typeof document === 'string' ? document : print(document);
}

export function requestHeaders({ token, headers }: RequestOptions): Record<string, string> {
  return { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers };
}

export async function readResponse<TData>(response: Response): Promise<GraphqlResponse<TData>> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as GraphqlResponse<TData>['body'];
    return { status: response.status, headers: response.headers, body };
  } catch (cause) {
    throw new Error(`HTTP ${response.status} is not JSON: ${text.slice(0, 500)}`, { cause });
  }
}
