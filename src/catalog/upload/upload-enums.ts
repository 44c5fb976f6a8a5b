import { registerEnumType } from 'type-graphql';
import { UPLOAD_STATUSES } from '../../media/direct/session-row.js';
import { INTEGRITY } from '../../media/journal/session-record.model.js';
import { MEDIA_SLOTS, SLOTS, type MediaSlot } from '../../media/slots.js';

/** A GraphQL enum whose values are their own names. */
function enumOf<T extends string>(values: readonly T[]): Readonly<Record<T, T>> {
  return Object.fromEntries(values.map((value) => [value, value])) as Record<T, T>;
}

export const MediaSlotEnum = enumOf(MEDIA_SLOTS);
registerEnumType(MediaSlotEnum, {
  name: 'MediaSlot',
  description: 'A place for one file, or for a list of files, of a record.',
  valuesConfig: Object.fromEntries(
    MEDIA_SLOTS.map((slot: MediaSlot) => [slot, { description: `The ${SLOTS[slot].what}.` }]),
  ),
});

export const UploadStatusEnum = enumOf(UPLOAD_STATUSES);
registerEnumType(UploadStatusEnum, {
  name: 'UploadStatus',
  description: 'The status of a direct upload.',
  valuesConfig: {
    WAITING: { description: 'You can send parts, and call completeUpload.' },
    VERIFYING: { description: 'The server puts the parts together and checks the file. Ask again in a second.' },
    PUBLISHED: { description: 'The file is published.' },
    FAILED: { description: 'The file was refused, or its place is gone: see `error`. Its parts are deleted.' },
    ABORTED: { description: 'abortUpload was called. Its parts are deleted.' },
    EXPIRED: { description: 'The time until `expiresAt` has passed. Its parts are deleted.' },
  },
});

export const UploadIntegrityEnum = enumOf(INTEGRITY);
registerEnumType(UploadIntegrityEnum, {
  name: 'UploadIntegrity',
  description: 'A value that the client announced, and that was compared before the file was published.',
  valuesConfig: {
    SIZE: { description: 'The size of the whole file.' },
    PART_MD5: { description: 'The MD5 of each part, by the storage: every part was written under a signed MD5.' },
    SAMPLES: { description: 'The SHA-256 of the first, the middle and the last 64 KiB.' },
    SHA256: { description: 'The SHA-256 of the whole file.' },
  },
});
