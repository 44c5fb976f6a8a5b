import { createHash } from 'node:crypto';
import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import { connection, decodeCursor, encodeCursor, pageSize, type Connection } from '../../graphql/pagination.js';
import type { SessionStart } from '../../media/direct/session-start.js';
import { statusOf, type UploadStatus } from '../../media/direct/session-row.js';
import type { Progress, UploadSessions, WantedPart, WritablePart } from '../../media/direct/upload-sessions.js';
import type { MediaFile } from '../../media/media-file.model.js';
import type { ItemFacts } from '../../media/slot-owner.js';
import { MEDIA_SLOTS, type MediaSlot, type SlotRules } from '../../media/slots.js';
import { maySeeUpload, requireUploadMaker, requireViewer, uploadsListedFor } from '../access.js';
import type { CatalogContext } from '../context.js';
import { imageFacts } from '../image/image.service.js';
import { given, trimmed } from '../input-values.js';
import { captionFacts, resourceFacts } from '../video/video-items.js';
import type { MediaSlotRules } from './media-slot-rules.js';
import { requireSlotWriter } from './slot-rights.js';
import { UploadSession } from './upload-session.js';
import type { StartUploadInput } from './upload.inputs.js';

/** The most parts that one call signs. */
const MAX_SIGNED_PARTS = 100;
/** MD5 in base64 (RFC 1864): 16 bytes. */
const MD5 = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** The operations on direct uploads: checks rights and input, and calls the sessions. */
export class UploadService {
  constructor(
    private readonly starts: SessionStart,
    private readonly sessions: UploadSessions,
    private readonly slots: Readonly<Record<MediaSlot, SlotRules>>,
  ) {}

  /** What each slot accepts, for viewers. */
  slotRules(): MediaSlotRules[] {
    return MEDIA_SLOTS.map((slot) => {
      const { maxBytes, accepts } = this.slots[slot];
      return { slot, maxBytes, contentTypes: accepts };
    });
  }

  async start(context: CatalogContext, input: StartUploadInput): Promise<UploadSession> {
    const viewer = requireViewer(context.viewer);
    const facts = factsOf(input);
    const ownerId = ownerIdOf(input);
    await requireSlotWriter(context, input.slot, ownerId);
    const { idempotencyKey, ...announced } = input;
    const isItem = input.slot === 'VIDEO_CAPTION' || input.slot === 'VIDEO_RESOURCE';
    const row = await this.starts.start({
      makerId: viewer.id,
      slot: input.slot,
      place: { ownerId, ...(isItem && { itemId: newId() }) },
      filename: input.filename.trim(),
      declaredType: input.contentType ?? '',
      size: input.size,
      ...given({ sha256: input.sha256, samples: input.samples, idempotencyKey: trimmed(idempotencyKey) }),
      facts,
      inputHash: createHash('sha256')
        .update(JSON.stringify(given(announced)))
        .digest('hex'),
    });
    return new UploadSession(row);
  }

  /** The session, or null when there is none that the viewer may see. */
  async find({ viewer }: CatalogContext, id: string): Promise<UploadSession | null> {
    const row = viewer && (await this.sessions.find(id));
    return row && maySeeUpload(viewer, row.session) ? new UploadSession(row) : null;
  }

  /** The viewer's uploads, newest first; for admins, those of all viewers. */
  async list(
    context: CatalogContext,
    first: number | null | undefined,
    after: string | null | undefined,
    status: UploadStatus | null | undefined,
  ): Promise<Connection<UploadSession>> {
    const viewer = requireViewer(context.viewer);
    const filter = given({ makerId: uploadsListedFor(viewer), status });
    const size = pageSize(first);
    const cursor = after === null || after === undefined ? undefined : String(decodeCursor(after, ['string'])[0]);
    const rows = await this.sessions.list(filter, cursor, size + 1);
    return connection({
      found: rows.map((row) => new UploadSession(row)),
      size,
      after,
      cursorOf: ({ id }) => encodeCursor([id]),
      count: () => this.sessions.count(filter),
    });
  }

  async complete(context: CatalogContext, id: string): Promise<UploadSession> {
    const { row, status } = await this.ofMaker(context, id);
    // A completion that was asked for before continues, and a session that has ended is only reported.
    if (status === 'WAITING') await this.requireRight(context, row);
    return new UploadSession(await this.sessions.complete(row));
  }

  async abort(context: CatalogContext, id: string): Promise<UploadSession> {
    const { row } = await this.visible(context, id);
    return new UploadSession(await this.sessions.abort(row));
  }

  /** @param md5 Of each part, in the order of the numbers; of none when absent. */
  async sign(
    context: CatalogContext,
    { row, status }: UploadSession,
    numbers: readonly number[],
    md5: readonly string[] | null | undefined,
  ): Promise<readonly WritablePart[]> {
    requireUploadMaker(context.viewer, row.session);
    const wanted = wantedParts(numbers, md5);
    if (status === 'WAITING') await this.requireRight(context, row);
    return this.sessions.sign(row, wanted);
  }

  progress({ row }: UploadSession): Promise<Progress> {
    return this.sessions.progress(row);
  }

  /** The file that a session has published, for viewers who may still write its place. */
  async media(context: CatalogContext, { row }: UploadSession): Promise<MediaFile | null> {
    if (statusOf(row) !== 'PUBLISHED') return null;
    try {
      await requireSlotWriter(context, row.slot, row.ownerId);
    } catch (error) {
      // The list may be full by now. The viewer may still write to it.
      if (!(error instanceof LecternError)) throw error;
      if (error.code !== 'BAD_USER_INPUT') return null;
    }
    return this.sessions.mediaOf(row);
  }

  /** Throws NOT_FOUND for a session that the viewer may not see. */
  private async visible(context: CatalogContext, id: string): Promise<UploadSession> {
    requireViewer(context.viewer);
    const session = await this.find(context, id);
    if (!session) throw new LecternError('NOT_FOUND');
    return session;
  }

  /** Throws FORBIDDEN for a session that the viewer sees but did not start. */
  private async ofMaker(context: CatalogContext, id: string): Promise<UploadSession> {
    const session = await this.visible(context, id);
    requireUploadMaker(context.viewer, session.row.session);
    return session;
  }

  /** Ends the session when its maker has lost the right to write, or the record was deleted. Throws that error. */
  private async requireRight(context: CatalogContext, row: UploadSession['row']): Promise<void> {
    try {
      await requireSlotWriter(context, row.slot, row.ownerId);
    } catch (error) {
      const isLost = error instanceof LecternError && (error.code === 'FORBIDDEN' || error.code === 'NOT_FOUND');
      if (isLost) await this.sessions.fail(row, error);
      throw error;
    }
  }
}

/** The id of the record that the file is for. A new id for IMAGE, whose record is created at the completion. */
function ownerIdOf({ slot, ownerId }: StartUploadInput): string {
  const given = ownerId ?? undefined;
  if ((slot === 'IMAGE') !== (given === undefined)) {
    const message = slot === 'IMAGE' ? 'An image belongs to no record.' : 'Name the record that the file is for.';
    throw badInput(message, 'ownerId');
  }
  return given ?? newId();
}

/** What the record keeps besides the file. Throws BAD_USER_INPUT for input that belongs to another slot. */
function factsOf({ slot, caption, resource, image }: StartUploadInput): ItemFacts {
  if (caption && slot !== 'VIDEO_CAPTION') throw badInput('Only VIDEO_CAPTION takes this.', 'caption');
  if (resource && slot !== 'VIDEO_RESOURCE') throw badInput('Only VIDEO_RESOURCE takes this.', 'resource');
  if (image && slot !== 'IMAGE') throw badInput('Only IMAGE takes this.', 'image');
  if (slot === 'VIDEO_RESOURCE') return resourceFacts(resource);
  if (slot === 'IMAGE') return imageFacts(image);
  if (slot !== 'VIDEO_CAPTION') return {};
  if (!caption) throw badInput('Say which language the captions are in.', 'caption');
  return captionFacts(caption);
}

function wantedParts(numbers: readonly number[], md5: readonly string[] | null | undefined): WantedPart[] {
  if (numbers.length > MAX_SIGNED_PARTS) {
    const message = `At most ${String(MAX_SIGNED_PARTS)} parts are signed at a time.`;
    throw new LecternError('BAD_USER_INPUT', message, { fields: ['numbers'] });
  }
  if (md5 && (md5.length !== numbers.length || !md5.every((digest) => MD5.test(digest)))) {
    const message = 'md5 must have one MD5 in base64 for each number, in the same order.';
    throw new LecternError('BAD_USER_INPUT', message, { fields: ['md5'] });
  }
  return numbers.map((number, i) => ({ number, ...(md5 && { md5: md5[i] }) }));
}

function badInput(message: string, field: string): LecternError {
  return new LecternError('BAD_USER_INPUT', message, { fields: [`input.${field}`] });
}
