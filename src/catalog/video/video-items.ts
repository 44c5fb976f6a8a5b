import { LecternError } from '../../errors.js';
import { canonicalLanguage } from '../../graphql/validation.js';
import type { MediaSlot } from '../../media/slots.js';
import { given, trimmed } from '../input-values.js';
import type { Caption } from './caption.model.js';
import type { Resource } from './resource.model.js';
import type { AddCaptionInput, AddResourceInput } from './video.inputs.js';
import type { Video } from './video.model.js';

/** How many captions a video may have. */
const MAX_CAPTIONS = 100;
/** How many resources a video may have. */
const MAX_RESOURCES = 100;

/** What a new caption keeps beside its file. */
export function captionFacts(input: AddCaptionInput): Omit<Caption, '_id' | 'file'> {
  const language = canonicalLanguage(input.language) ?? input.language;
  return {
    language,
    kind: input.kind ?? 'SUBTITLES',
    label: trimmed(input.label) ?? language,
    isDefault: input.isDefault ?? false,
  };
}

/** What a new resource keeps beside its file. */
export function resourceFacts(input: AddResourceInput | null | undefined): Partial<Omit<Resource, '_id' | 'file'>> {
  return given({ title: trimmed(input?.title) });
}

/** Throws BAD_USER_INPUT when the list that the slot names is full. Other slots have room. */
export function requireRoomForItem(slot: MediaSlot, { captions = [], resources = [] }: Video): void {
  if (slot === 'VIDEO_CAPTION') requireRoom(captions, MAX_CAPTIONS, 'captions');
  if (slot === 'VIDEO_RESOURCE') requireRoom(resources, MAX_RESOURCES, 'resources');
}

function requireRoom(items: readonly unknown[], max: number, name: string): void {
  if (items.length < max) return;
  throw new LecternError('BAD_USER_INPUT', `The video already has ${String(max)} ${name}, which is the limit.`);
}
