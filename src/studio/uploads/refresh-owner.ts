import { client } from '../api/client.js';
import { ChangedCourseDocument, ChangedVideoDocument } from '../gql/graphql.js';
import type { Target } from './upload-item.js';

/** Reads the record again that has a new file: every page that shows it changes by itself. */
export async function refreshOwner({ slot, ownerId }: Target): Promise<void> {
  if (!ownerId) return;
  const variables = { id: ownerId };
  const fetchPolicy = 'network-only';
  if (slot.startsWith('COURSE_')) await client.query({ query: ChangedCourseDocument, variables, fetchPolicy });
  else await client.query({ query: ChangedVideoDocument, variables, fetchPolicy });
}
