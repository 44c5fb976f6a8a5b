import type { ApolloCache, Reference } from '@apollo/client';

interface List {
  readonly totalCount?: number;
  readonly nodes?: readonly Reference[];
}

interface Owner {
  readonly type: 'Course' | 'Topic';
  readonly id: string;
  readonly field: 'topics' | 'videos';
}

function change(
  cache: ApolloCache,
  { type, id, field }: Owner,
  modify: (nodes: readonly Reference[]) => Reference[],
): void {
  cache.modify({
    id: cache.identify({ __typename: type, id }),
    fields: {
      [field]: (stored: unknown) => {
        const list = stored as List;
        if (list.nodes === undefined) return list;
        const nodes = modify(list.nodes);
        const added = nodes.length - list.nodes.length;
        return { ...list, nodes, ...(list.totalCount !== undefined && { totalCount: list.totalCount + added }) };
      },
    },
  });
}

/** Puts the members of a cached list into this order. */
export function reorderInCache(cache: ApolloCache, owner: Owner, ids: readonly string[]): void {
  const child = owner.field === 'topics' ? 'Topic' : 'Video';
  const rank = new Map(ids.map((id, index) => [cache.identify({ __typename: child, id }), index]));
  const rankOf = ({ __ref }: Reference): number => rank.get(__ref) ?? ids.length;
  change(cache, owner, (nodes) => [...nodes].sort((a, b) => rankOf(a) - rankOf(b)));
}

/** Adds a new record at the end of a cached list. */
export function appendInCache(cache: ApolloCache, owner: Owner, childId: string): void {
  const __ref = cache.identify({ __typename: owner.field === 'topics' ? 'Topic' : 'Video', id: childId });
  if (__ref === undefined) return;
  change(cache, owner, (nodes) => [...nodes.filter((node) => node.__ref !== __ref), { __ref }]);
}

/** Removes a deleted record from a cached list, and from the cache. */
export function removeInCache(cache: ApolloCache, owner: Owner, childId: string): void {
  const ref = cache.identify({ __typename: owner.field === 'topics' ? 'Topic' : 'Video', id: childId });
  change(cache, owner, (nodes) => nodes.filter(({ __ref }) => __ref !== ref));
  cache.evict({ id: ref });
  cache.gc();
}
