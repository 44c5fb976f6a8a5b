import { client } from '../api/client.js';
import { AbortUploadDocument, WaitingUploadsDocument } from '../gql/graphql.js';
import type { UploadItem } from './upload-item.js';
import { uploader } from './uploader.js';

type Interrupted = Omit<UploadItem, 'key'>;

const STOPPED = { rate: 0, error: null, warnings: [] } as const;

/** Uploads that have not ended: those that this browser remembers, then those that only the server knows of. */
export async function interruptedUploads(): Promise<readonly Interrupted[]> {
  const [own, { data }] = await Promise.all([
    uploader.unfinished(),
    client.query({ query: WaitingUploadsDocument, fetchPolicy: 'no-cache' }),
  ]);
  const sessions = data?.uploads.nodes ?? [];
  const here = own.flatMap(({ sessionId, slot, ownerId, filename, size, hasFile }): Interrupted[] => {
    const session = sessions.find(({ id }) => id === sessionId);
    // Ended meanwhile, or begun by another viewer.
    if (!session) return [];
    const loaded = session.bytesUploaded;
    return [{ filename, size, target: { slot, ownerId }, state: 'unfinished', loaded, sessionId, hasFile, ...STOPPED }];
  });
  const elsewhere = sessions
    .filter(({ id }) => !here.some(({ sessionId }) => sessionId === id))
    .map(({ id, filename, size, slot, ownerId, bytesUploaded }): Interrupted => {
      const target = { slot, ownerId };
      return {
        filename,
        size,
        target,
        state: 'elsewhere',
        loaded: bytesUploaded,
        sessionId: id,
        hasFile: false,
        ...STOPPED,
      };
    });
  return [...here, ...elsewhere];
}

/** Ends the session of an interrupted upload. The record of this browser is pruned when it is next used. */
export async function abortSession({ sessionId }: Pick<UploadItem, 'sessionId'>): Promise<void> {
  if (sessionId === null) return;
  await client.mutate({ mutation: AbortUploadDocument, variables: { id: sessionId } });
}
