import { InMemoryCache, type FieldPolicy } from '@apollo/client';

interface Page {
  readonly nodes?: readonly unknown[];
}

/** A list that grows: a page that was asked for with `after` is added to those before it. */
function growingList(keyArgs: FieldPolicy['keyArgs']): FieldPolicy<Page> {
  return {
    keyArgs: keyArgs ?? false,
    merge: (before, page, { args }) => {
      if (page.nodes === undefined) return { ...before, ...page };
      const isNext = typeof args?.['after'] === 'string';
      const nodes = isNext ? [...(before?.nodes ?? []), ...page.nodes] : page.nodes;
      return { ...before, ...page, nodes };
    },
  };
}

export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Query: { fields: { courses: growingList(['filter', 'orderBy']) } },
      // `topics(first: 1)` counts only; the other lists are read whole.
      Course: { fields: { topics: growingList(false) } },
      Topic: { fields: { videos: growingList(false) } },
      // Files have no id: fields that several queries select of the same file are merged.
      MediaFile: { merge: true },
      Viewer: { keyFields: false, merge: true },
    },
  });
}
