import type { UploadSlot } from '../../upload-client/api.js';

/** The kinds of file that a slot accepts. The server decides by the content; this tells of a mistake before anything is sent. */
export type FileKind = 'image' | 'video' | 'captions' | 'any';

const KINDS: Readonly<Record<UploadSlot, FileKind>> = {
  VIDEO_FILE: 'video',
  VIDEO_THUMBNAIL: 'image',
  VIDEO_CAPTION: 'captions',
  VIDEO_RESOURCE: 'any',
  COURSE_THUMBNAIL: 'image',
  COURSE_INTRO_VIDEO: 'video',
  IMAGE: 'image',
};

export function kindOf(slot: UploadSlot): FileKind {
  return KINDS[slot];
}

const EXTENSIONS: Readonly<Record<Exclude<FileKind, 'any'>, readonly string[]>> = {
  image: ['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif'],
  video: ['.mp4', '.m4v', '.webm', '.mov', '.mkv', '.mp3', '.m4a'],
  captions: ['.vtt', '.srt'],
};

/** The `accept` attribute of an input. */
export function acceptOf(kind: FileKind): string | undefined {
  return kind === 'any' ? undefined : EXTENSIONS[kind].join(',');
}

/** Whether a file looks like one of the kind, by its type and its name. */
export function isOfKind({ name, type }: { readonly name: string; readonly type: string }, kind: FileKind): boolean {
  if (kind === 'any') return true;
  const isNamed = EXTENSIONS[kind].some((extension) => name.toLowerCase().endsWith(extension));
  if (kind === 'captions') return isNamed;
  return isNamed || (type.startsWith(`${kind}/`) && type !== 'image/svg+xml');
}
