import { skipToken, useQuery } from '@apollo/client/react';
import { ViewerDocument, type ViewerQuery } from '../gql/graphql.js';
import { useSession } from './session.js';

export type Viewer = NonNullable<ViewerQuery['viewer']>;

export interface ViewerState {
  /** Null for who is not signed in, and while it is not known yet. */
  readonly viewer: Viewer | null;
  readonly known: boolean;
}

export function useViewer(): ViewerState {
  const { token } = useSession();
  const { data, error } = useQuery(ViewerDocument, token === null ? skipToken : {});
  if (token === null) return { viewer: null, known: true };
  return { viewer: data?.viewer ?? null, known: data !== undefined || error !== undefined };
}

/** Whether the viewer may change a course. The server decides; this only hides what it would refuse. */
export function mayEdit(viewer: Viewer | null, course: { readonly instructorId: string }): boolean {
  return viewer?.role === 'ADMIN' || (viewer?.role === 'INSTRUCTOR' && viewer.id === course.instructorId);
}

export function mayTeach(viewer: Viewer | null): boolean {
  return viewer?.role === 'ADMIN' || viewer?.role === 'INSTRUCTOR';
}
