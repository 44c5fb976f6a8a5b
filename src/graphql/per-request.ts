/** The context of every GraphQL request. */
export interface RequestContext {
  readonly requestId: string;
  /** Aborted when the client disconnects before the response. */
  readonly signal: AbortSignal;
}

/**
 * Returns a function with one value for each request, such as a DataLoader. The value is created at its first use, and
 * released with the request.
 */
export function perRequest<C extends RequestContext, T>(create: (context: C) => T): (context: C) => T {
  const values = new WeakMap<C, T>();
  return (context) => {
    let value = values.get(context);
    if (value === undefined) {
      value = create(context);
      values.set(context, value);
    }
    return value;
  };
}
