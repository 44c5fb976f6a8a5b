import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { ComplexityEstimator } from 'graphql-query-complexity';
import { URL_COST } from '../../graphql/cost.js';
import { connectionType, type Connection } from '../../graphql/pagination.js';
import { SafeInt } from '../../graphql/scalars.js';
import { LecternError } from '../../errors.js';
import type { UploadStatus } from '../../media/direct/session-row.js';
import { MediaFile } from '../../media/media-file.model.js';
import { MAX_PARTS } from '../../storage/part-size.js';
import type { CatalogContext } from '../context.js';
import { MediaSlotRules } from './media-slot-rules.js';
import { UploadStatusEnum } from './upload-enums.js';
import { StartUploadInput } from './upload.inputs.js';
import type { UploadService } from './upload.service.js';
import { UploadedPart, UploadPart, UploadSession } from './upload-session.js';

const UploadSessionConnection = connectionType('UploadSession', () => UploadSession);

/** What it costs to ask the storage which parts it has: a request for each thousand of them. */
const LISTING_COST = 100;

/** Each part is a signed URL. */
const byNumbers: ComplexityEstimator = ({ args, childComplexity }) => {
  const { numbers } = args as { numbers?: unknown };
  return 1 + (Array.isArray(numbers) ? numbers.length : 1) * (URL_COST + childComplexity);
};

/** For as many parts as `first` asks for; without `first`, for as many as a file can have. */
const byParts: ComplexityEstimator = ({ args, childComplexity }) => {
  const { first } = args as { first?: number | null };
  return LISTING_COST + Math.min(Math.max(first ?? MAX_PARTS, 1), MAX_PARTS) * Math.max(childComplexity, 1);
};

@Resolver(() => UploadSession)
export class UploadResolver {
  constructor(private readonly service: UploadService) {}

  @Query(() => UploadSession, {
    nullable: true,
    description:
      'One of your direct uploads; for admins, any. Null when there is none, and from one day after it has ended.',
  })
  upload(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<UploadSession | null> {
    return this.service.find(context, id);
  }

  @Query(() => UploadSessionConnection, {
    description:
      'Your direct uploads, newest first; for admins, all. Uploads are listed for one day after they have ended. You have to be signed in.',
  })
  uploads(
    @Ctx() context: CatalogContext,
    @Arg('first', () => Int, { nullable: true, description: 'The size of the page: 20 when absent, at most 100.' })
    first?: number | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `endCursor` of the page before; the first page when absent.',
    })
    after?: string | null,
    @Arg('status', () => UploadStatusEnum, { nullable: true, description: 'Lists only uploads with this status.' })
    status?: UploadStatus | null,
  ): Promise<Connection<UploadSession>> {
    return this.service.list(context, first, after, status);
  }

  @Query(() => [MediaSlotRules], {
    description: 'Which files each slot accepts, so that a client can refuse a file before it sends it.',
  })
  mediaSlots(): MediaSlotRules[] {
    return this.service.slotRules();
  }

  @Mutation(() => UploadSession, {
    description:
      'Begins a direct upload to a place that you may write to. Then ask for `parts`, send each of them by its URL, in any ' +
      'order and as many at once as you like, and call completeUpload.',
  })
  startUpload(
    @Ctx() context: CatalogContext,
    @Arg('input', () => StartUploadInput) input: StartUploadInput,
  ): Promise<UploadSession> {
    return this.service.start(context, input);
  }

  @Mutation(() => UploadSession, {
    description:
      'Puts the parts together, checks the file and publishes it. Answers within 3 seconds: PUBLISHED, FAILED with ' +
      '`error`, or VERIFYING: then ask `upload` again every second. When parts are missing, it is an error, and the upload ' +
      'stays open. You can repeat it.',
  })
  completeUpload(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<UploadSession> {
    return this.service.complete(context, id);
  }

  @Mutation(() => UploadSession, {
    description:
      'Ends one of your direct uploads; for admins, any. Its parts are deleted. A file that it has published stays.',
  })
  abortUpload(@Ctx() context: CatalogContext, @Arg('id', () => ID) id: string): Promise<UploadSession> {
    return this.service.abort(context, id);
  }

  @FieldResolver(() => SafeInt, {
    complexity: LISTING_COST,
    description: 'How many bytes of the file the storage has in whole parts.',
  })
  async bytesUploaded(@Root() session: UploadSession): Promise<number> {
    return (await this.service.progress(session)).bytes;
  }

  @FieldResolver(() => [UploadedPart], {
    complexity: byParts,
    description: 'The parts that the storage has, by number. Empty unless the upload is WAITING.',
  })
  async uploadedParts(
    @Root() session: UploadSession,
    @Arg('first', () => Int, { nullable: true, description: 'At most so many; all when absent.' })
    first?: number | null,
  ): Promise<readonly UploadedPart[]> {
    return (await this.service.progress(session)).parts.slice(0, atMost(first));
  }

  @FieldResolver(() => [Int], {
    complexity: byParts,
    description: 'The numbers of the parts that are still to be sent, ascending. Empty unless the upload is WAITING.',
  })
  async missingParts(
    @Root() session: UploadSession,
    @Arg('first', () => Int, { nullable: true, description: 'At most so many; all when absent.' })
    first?: number | null,
  ): Promise<number[]> {
    const limit = atMost(first);
    if (session.status !== 'WAITING') return [];
    const sent = new Set((await this.service.progress(session)).parts.map(({ number }) => number));
    const missing: number[] = [];
    for (let number = 1; number <= session.partCount && missing.length < limit; number++) {
      if (!sent.has(number)) missing.push(number);
    }
    return missing;
  }

  @FieldResolver(() => MediaFile, {
    nullable: true,
    description:
      'The file that the upload has published. Null before that, after the file was replaced, and when you may no longer write to its place.',
  })
  media(@Ctx() context: CatalogContext, @Root() session: UploadSession): Promise<MediaFile | null> {
    return this.service.media(context, session);
  }

  @FieldResolver(() => [UploadPart], {
    complexity: byNumbers,
    description:
      'Signed requests that write these parts. Only for the viewer who started the upload, while it is WAITING.',
  })
  parts(
    @Ctx() context: CatalogContext,
    @Root() session: UploadSession,
    @Arg('numbers', () => [Int], { description: 'Which parts, at most 100 of them.' }) numbers: number[],
    @Arg('md5', () => [String], {
      nullable: true,
      description:
        'The MD5 of each of these parts in base64, in the same order: the storage takes no other bytes, and a wrong MD5 is ' +
        'refused. They become the header Content-MD5.',
    })
    md5?: string[] | null,
  ): Promise<readonly UploadPart[]> {
    return this.service.sign(context, session, numbers, md5) as Promise<readonly UploadPart[]>;
  }
}

function atMost(first: number | null | undefined): number {
  if (first === null || first === undefined) return MAX_PARTS;
  if (first < 0) throw new LecternError('BAD_USER_INPUT', 'first must not be negative.', { fields: ['first'] });
  return first;
}
