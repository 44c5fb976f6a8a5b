/** What every GraphQL request has, whatever it asks for. */
export interface RequestContext {
  readonly requestId: string;
  /** Aborts when the client has gone before its answer. */
  readonly signal: AbortSignal;
}

/** One value per request, made when first asked for: a DataLoader, say. It goes with its request. */
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
