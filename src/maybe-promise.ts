/**
 * A value, or a promise of it when it has to be waited for. For values that a query needs by the thousand: their promises would
 * take longer than the values.
 */
export type MaybePromise<T> = T | Promise<T>;
