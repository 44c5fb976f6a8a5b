import { LecternError } from '../../errors.js';
import type { OwnerCollection } from '../../media/slot-owner.js';
import type { MediaSlot } from '../../media/slots.js';
import { requireAuthor } from '../access.js';
import type { CatalogContext } from '../context.js';
import { courseForWriting } from '../course/course.loader.js';
import { courses, images, slotOwners, videos } from '../slot-owners.js';
import { requireRoomForItem } from '../video/video-items.js';
import { videoForWriting } from '../video/video.loader.js';

/** Throws the same errors as the multipart mutation of the slot when the viewer may not write to it. */
type Right = (context: CatalogContext, slot: MediaSlot, ownerId: string) => Promise<unknown>;

/** Who may write to the slots of which records. */
const RIGHTS = new Map<OwnerCollection, Right>([
  [courses, (context, _slot, ownerId) => courseForWriting(context, ownerId)],
  [
    videos,
    async (context, slot, ownerId) => {
      requireRoomForItem(slot, await videoForWriting(context, ownerId));
    },
  ],
  // The record is created together with its file.
  [images, async ({ viewer }) => requireAuthor(viewer)],
]);

/** Throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, or BAD_USER_INPUT for a list that is full. */
export async function requireSlotWriter(context: CatalogContext, slot: MediaSlot, ownerId: string): Promise<void> {
  const right = RIGHTS.get(slotOwners[slot].collection);
  if (!right) throw new LecternError('FORBIDDEN');
  await right(context, slot, ownerId);
}
