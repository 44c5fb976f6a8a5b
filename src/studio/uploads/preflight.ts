import { client } from '../api/client.js';
import { UploadError, type UploadSlot, type UploadSource } from '../../upload-client/api.js';
import { bytes } from '../format.js';
import { SlotRulesDocument, type SlotRulesQuery } from '../gql/graphql.js';
import { kindOf } from '../ui/file-kinds.js';
import { words } from '../words.js';
import type { Inspection, Track } from './inspect.worker.js';
import { isPicture } from './picture.js';

/** What is known of a file before a byte of it is sent. */
export interface Preflight {
  /** Why it must not be sent: the server would refuse it. */
  readonly refusal: UploadError | null;
  /** What viewers will notice. The file can be sent. */
  readonly warnings: readonly string[];
}

type Rules = SlotRulesQuery['mediaSlots'][number];

/** Codecs that every browser plays. Mediabunny's names. */
const PLAYED_EVERYWHERE = ['avc', 'vp8', 'vp9', 'av1', 'aac', 'mp3', 'opus', 'vorbis', 'flac'];

/** A file is looked at once for each slot, also when a page and the list of uploads both ask. */
const known = new WeakMap<UploadSource, Map<UploadSlot, Promise<Preflight>>>();

/** Checks a file against the rules of the slot, and looks into it. Does not reject. */
export function preflight(source: UploadSource, name: string, slot: UploadSlot): Promise<Preflight> {
  const bySlot = known.get(source) ?? new Map<UploadSlot, Promise<Preflight>>();
  known.set(source, bySlot);
  const before = bySlot.get(slot);
  if (before) return before;
  // Where nothing can be found out, the file is sent, and the server decides.
  const found = check(source, name, slot).catch(() => passed());
  bySlot.set(slot, found);
  return found;
}

async function check(source: UploadSource, name: string, slot: UploadSlot): Promise<Preflight> {
  const file = source instanceof Blob ? source : await source.getFile();
  if (file.size === 0) return refused('EMPTY_FILE', words.fileDrop.empty(name));
  const rules = await rulesOf(slot);
  if (rules && file.size > rules.maxBytes) {
    return refused('FILE_TOO_LARGE', words.preflight.tooLarge(name, bytes(file.size), bytes(rules.maxBytes)));
  }
  const kind = kindOf(slot);
  if (kind === 'image' && !(await isPicture(file))) {
    return refused('UNSUPPORTED_MEDIA_TYPE', words.fileDrop.wrongImage(name));
  }
  if (kind !== 'video') return passed();
  const { inspect } = await import('./inspection.js');
  const found = await inspect(file);
  return found ? verdictOf(found, name, rules) : passed();
}

function verdictOf(found: Inspection, name: string, rules: Rules | undefined): Preflight {
  const { contentType, tracks, isIndexLast } = found;
  if (contentType === null) return refused('UNSUPPORTED_MEDIA_TYPE', words.preflight.unreadable(name));
  if (rules && !rules.contentTypes.includes(contentType)) {
    return refused('UNSUPPORTED_MEDIA_TYPE', words.preflight.noPicture(name));
  }
  const warnings = tracks.flatMap((track) => warningOf(track, contentType));
  if (contentType === 'video/matroska') warnings.push(words.preflight.matroska);
  if (isIndexLast) warnings.push(words.preflight.lateStart);
  return { refusal: null, warnings: [...new Set(warnings)] };
}

function warningOf({ kind, codec }: Track, contentType: string): string[] {
  if (PLAYED_EVERYWHERE.includes(codec) || contentType === 'audio/wav') return [];
  const { codecs, pcm, video, audio } = words.preflight;
  const name = codec.startsWith('pcm-') ? pcm : (codecs[codec] ?? codec);
  return [kind === 'video' ? video(name) : audio(name)];
}

/** Undefined when the server cannot be asked now. */
async function rulesOf(slot: UploadSlot): Promise<Rules | undefined> {
  const answer = await client.query({ query: SlotRulesDocument }).catch(() => undefined);
  return answer?.data?.mediaSlots.find((rules) => rules.slot === slot);
}

function passed(): Preflight {
  return { refusal: null, warnings: [] };
}

function refused(code: string, sentence: string): Preflight {
  return { refusal: new UploadError(code, sentence), warnings: [] };
}
