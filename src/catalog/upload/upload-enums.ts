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
  description: 'Where a direct upload stands.',
  valuesConfig: {
    WAITING: { description: 'Parts may be sent, and the completion asked for.' },
    VERIFYING: { description: 'The server is at it: ask again in a second or two.' },
    PUBLISHED: { description: 'The file is live in its place.' },
    FAILED: { description: 'The file was refused, or its place is gone. `error` says why. Nothing of it is left.' },
    ABORTED: { description: 'Its maker or an admin has ended it. Nothing of it is left.' },
    EXPIRED: { description: 'No sign of life came until `expiresAt`. Nothing of it is left.' },
  },
});

export const UploadIntegrityEnum = enumOf(INTEGRITY);
registerEnumType(UploadIntegrityEnum, {
  name: 'UploadIntegrity',
  description: 'What was compared with the word of the client before a file was published.',
  valuesConfig: {
    SIZE: { description: 'The size of the whole file.' },
    PART_MD5: { description: 'The MD5 of each part, by the storage: every part was written under a signed MD5.' },
    SAMPLES: { description: 'The SHA-256 of the first, the middle and the last 64 KiB.' },
    SHA256: { description: 'The SHA-256 of the whole file.' },
  },
});
