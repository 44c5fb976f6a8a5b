import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { ErrorCode } from '../../errors.js';
import { DateTime, SafeInt } from '../../graphql/scalars.js';
import { displayName } from '../../media/content/names.js';
import { endOf, statusOf, type SessionRow, type UploadStatus } from '../../media/direct/session-row.js';
import type { Integrity } from '../../media/journal/session-record.model.js';
import type { MediaSlot } from '../../media/slots.js';
import { partCountOf } from '../../storage/part-size.js';
import { MediaSlotEnum, UploadIntegrityEnum, UploadStatusEnum } from './upload-enums.js';

@ObjectType({ description: 'Why a direct upload ended without a file.', simpleResolvers: true })
export class UploadError {
  @Field(() => String, { description: 'A code of docs/errors.md.' })
  code!: ErrorCode;

  @Field(() => String, { description: 'A sentence for people. It may change.' })
  message!: string;

  @Field(() => Boolean, { description: 'Whether a new upload of the same file can succeed.' })
  retryable!: boolean;
}

@ObjectType({ description: 'A part of a direct upload that the storage has.', simpleResolvers: true })
export class UploadedPart {
  @Field(() => Int, { description: 'From 1.' })
  number!: number;

  @Field(() => SafeInt, { description: 'In bytes.' })
  size!: number;
}

@ObjectType({ description: 'A header of an HTTP request.', simpleResolvers: true })
export class UploadHeader {
  @Field(() => String)
  name!: string;

  @Field(() => String)
  value!: string;
}

@ObjectType({ description: 'A request that writes one part, and nothing else.', simpleResolvers: true })
export class UploadPart {
  @Field(() => Int, { description: 'From 1.' })
  number!: number;

  @Field(() => String, { description: 'The HTTP method: PUT.' })
  method!: string;

  @Field(() => String, {
    description: 'Where to send the bytes of the part. The request needs no token. Do not store the URL.',
  })
  url!: string;

  @Field(() => [UploadHeader], { description: 'The headers that the request must have besides its Content-Length.' })
  headers!: UploadHeader[];

  @Field(() => SafeInt, { description: 'In bytes: the body must have exactly so many.' })
  size!: number;

  @Field(() => DateTime, { description: 'When the URL stops working, 15 minutes from now or earlier.' })
  expiresAt!: Date;
}

/** What clients see of the row of a direct upload. */
@ObjectType({
  description:
    'A direct upload: a file whose parts the client sends straight to the storage. The viewer who started it and admins see it, until one day after it has ended.',
  simpleResolvers: true,
})
export class UploadSession {
  @Field(() => ID)
  id: string;

  @Field(() => UploadStatusEnum)
  status: UploadStatus;

  @Field(() => MediaSlotEnum, { description: 'The place that the file is for.' })
  slot: MediaSlot;

  @Field(() => ID, {
    nullable: true,
    description: 'The course, the video or, once it is published, the image. Null for an image that is not.',
  })
  ownerId: string | null;

  @Field(() => String, { description: 'The name of the file, made safe to show.' })
  filename: string;

  @Field(() => String, {
    nullable: true,
    description: 'The media type that startUpload announced. Null when it announced none.',
  })
  contentType: string | null;

  @Field(() => SafeInt, { description: 'The size of the whole file, in bytes.' })
  size: number;

  @Field(() => SafeInt, {
    description: 'The size of every part but the last, in bytes: 8 MiB, or more for files from 78 GiB on.',
  })
  partSize: number;

  @Field(() => Int, { description: 'The parts are numbered from 1 to this.' })
  partCount: number;

  @Field(() => [String], {
    nullable: true,
    description: 'The samples that startUpload announced: compare them with your file before you resume the upload.',
  })
  samples: readonly string[] | null;

  @Field(() => DateTime)
  createdAt: Date;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the upload expires, unless you ask for a signature or send more bytes before. Null after it has ended.',
  })
  expiresAt: Date | null;

  @Field(() => UploadError, { nullable: true, description: 'Why the upload ended without a file.' })
  error: UploadError | null;

  @Field(() => [UploadIntegrityEnum], {
    description: 'Which announced values were compared. Empty until the file is published.',
  })
  integrity: readonly Integrity[];

  constructor(readonly row: SessionRow) {
    const { session, slot, ownerId, deadline } = row;
    const status = statusOf(row);
    const end = endOf(row);
    this.id = session.id;
    this.status = status;
    this.slot = slot;
    this.ownerId = slot === 'IMAGE' && status !== 'PUBLISHED' ? null : ownerId;
    this.filename = displayName(session.filename);
    this.contentType = session.declaredType ?? null;
    this.size = session.size;
    this.partSize = session.partSize;
    this.partCount = partCountOf(session.size, session.partSize);
    this.samples = session.samples ?? null;
    this.createdAt = session.createdAt;
    this.expiresAt = row.state === 'pending' ? (deadline ?? null) : null;
    this.error = end ? { code: end.code, message: end.message, retryable: end.retryable } : null;
    this.integrity = status === 'PUBLISHED' ? (session.integrity ?? []) : [];
  }
}
