import mime from 'mime-types';
import { LecternError } from '../../errors.js';
import { OFFICE_TYPES } from './office.js';

/** What a client says about a file: its media type and its name. */
export interface Claims {
  /** The media type with its parameters. May be empty. */
  readonly declaredType: string;
  /** The file name, made safe by `displayName`. */
  readonly filename: string;
}

/**
 * Media types and extensions that do not contradict each other: programs and systems confuse them, and players open all
 * of them.
 */
interface Family {
  readonly types: readonly string[];
  /** In lower case, without the dot. The extensions that `mime-types` knows for the types belong to the family too. */
  readonly extensions?: readonly string[];
}

/** MP4 and the other ISO base media files, and QuickTime, on which they are based. */
const ISO_MEDIA: Family = {
  types: [
    ...['video/mp4', 'video/x-m4v', 'video/quicktime', 'video/3gpp', 'video/3gpp2', 'application/mp4'],
    ...['audio/mp4', 'audio/m4a', 'audio/x-m4a', 'audio/x-m4b', 'audio/3gpp', 'audio/3gpp2'],
  ],
  extensions: ['m4a', 'm4b', 'm4v', '3gp', '3gpp', '3g2', 'f4v'],
};
const MATROSKA: Family = {
  types: [
    ...['video/webm', 'audio/webm', 'video/matroska', 'video/x-matroska', 'audio/matroska', 'audio/x-matroska'],
    'video/matroska-3d',
  ],
  extensions: ['webm', 'weba', 'mkv', 'mka', 'mk3d'],
};
const ZIP: Family = {
  types: ['application/zip', 'application/x-zip', 'application/x-zip-compressed', 'multipart/x-zip'],
};
const CAPTIONS: Family = {
  types: ['text/vtt', 'text/srt', 'text/x-srt', 'text/x-subrip', 'application/x-subrip', 'application/srt'],
  extensions: ['vtt', 'srt', 'txt'],
};

/** The family of each content type. Pictures and text are handled below, by functions. */
const FAMILIES: Readonly<Record<string, Family>> = {
  'video/mp4': ISO_MEDIA,
  'video/quicktime': ISO_MEDIA,
  'audio/mp4': ISO_MEDIA,
  'video/webm': MATROSKA,
  'video/matroska': MATROSKA,
  'audio/mpeg': {
    types: ['audio/mpeg', 'audio/mp3', 'audio/x-mp3', 'audio/mpeg3', 'audio/x-mpeg-3', 'audio/x-mpeg', 'audio/mpg'],
  },
  'audio/ogg': { types: ['audio/ogg', 'video/ogg', 'application/ogg', 'audio/opus', 'audio/vorbis'] },
  'audio/flac': { types: ['audio/flac', 'audio/x-flac'] },
  'audio/wav': { types: ['audio/wav', 'audio/wave', 'audio/x-wav', 'audio/vnd.wave', 'audio/x-pn-wav'] },
  'application/pdf': { types: ['application/pdf', 'application/x-pdf'] },
  'application/zip': ZIP,
  'text/vtt': CAPTIONS,
  // An office document is a ZIP archive, and systems without an office program call it one.
  ...Object.fromEntries(Object.keys(OFFICE_TYPES).map((type) => [type, { types: [type, ...ZIP.types] }])),
};

/**
 * Types that say nothing about the content: programs send them for files that they do not know, or copy the type of the
 * whole form. A part without a type is `text/plain` (RFC 7578, section 4.4).
 */
const SILENT_TYPES = [
  ...['', 'application/octet-stream', 'binary/octet-stream', 'application/binary'],
  ...['text/plain', 'multipart/form-data'],
];
/** The registered top-level types (https://www.iana.org/assignments/top-level-media-types). */
const TOP_LEVEL_TYPES = [
  ...['application', 'audio', 'example', 'font', 'haptics', 'image', 'message', 'model', 'multipart', 'text', 'video'],
];

/** Media types of pictures that `mime-types` does not know. */
const PICTURE_TYPES = [
  ...['image/jpg', 'image/pjpeg', 'image/x-png', 'image/vnd.mozilla.apng', 'image/avif-sequence', 'image/x-heic'],
];
const PICTURE_EXTENSIONS = ['jfif', 'pjpeg', 'pjp', 'apng', 'avifs', 'dng', 'raw'];

/** Types of text that a browser renders as a page or runs. */
const ACTIVE_TYPE = /^(text\/(html|xml|xsl|x-php|x-component)|application\/(xhtml|xml|x-httpd-php)|.*\+xml)/;
/** Types of text, source code and data. `video/mp2t` and `vnd.ms-excel` are what browsers send for `.ts` and `.csv`. */
const TEXT_TYPE = new RegExp(
  [
    '^text/',
    String.raw`^application/([\w.-]+\+)?(json|yaml)$`,
    '^application/(x-)?(javascript|ecmascript|typescript|sh|shellscript|csh|perl|python|python-code|ruby|lua|sql|yaml)$',
    '^application/(x-)?(toml|ndjson|graphql|subrip|srt|tex|latex|csv|java|ipynb)$',
    '^video/mp2t$',
    String.raw`^application/vnd\.ms-excel$`,
  ].join('|'),
);
/** Extensions of text files that `mime-types` does not know, or has another type for. */
const TEXT_EXTENSIONS = [
  ...['txt', 'text', 'md', 'markdown', 'rst', 'adoc', 'csv', 'tsv', 'srt', 'vtt', 'log', 'diff', 'patch', 'tex', 'bib'],
  ...['json', 'jsonl', 'ndjson', 'ipynb', 'yaml', 'yml', 'toml', 'ini', 'cfg', 'conf', 'env', 'properties', 'sql'],
  ...['js', 'mjs', 'cjs', 'jsx', 'ts', 'mts', 'cts', 'tsx', 'css', 'scss', 'less', 'graphql', 'proto'],
  ...['c', 'h', 'cc', 'cpp', 'cxx', 'hpp', 'cs', 'd', 'f', 'f90', 'go', 'rs', 'swift', 'm', 'mm', 'java', 'kt', 'kts'],
  ...['scala', 'groovy', 'gradle', 'dart', 'py', 'pyw', 'rb', 'pl', 'pm', 'lua', 'r', 'jl', 'ex', 'exs', 'erl', 'hs'],
  ...[
    'ml',
    'clj',
    'lisp',
    'scm',
    'pas',
    'asm',
    's',
    'v',
    'vhd',
    'sh',
    'bash',
    'zsh',
    'ksh',
    'csh',
    'fish',
    'awk',
    'sed',
  ],
];

/** Extensions of programs, server scripts, pages and archives of other kinds. No accepted content may have one. */
const FOREIGN_EXTENSIONS = [
  ...[
    'html',
    'htm',
    'xhtml',
    'xht',
    'shtml',
    'mht',
    'mhtml',
    'svg',
    'svgz',
    'xml',
    'xsl',
    'xslt',
    'hta',
    'swf',
    'wasm',
  ],
  ...['php', 'php3', 'php4', 'php5', 'php7', 'phtml', 'phar', 'asp', 'aspx', 'jsp', 'jspx', 'cgi'],
  ...['ps1', 'psm1', 'bat', 'cmd', 'vbs', 'vbe', 'wsf', 'wsh', 'jse', 'reg', 'lnk', 'url', 'desktop', 'scr', 'pif'],
  ...['exe', 'dll', 'so', 'dylib', 'msi', 'com', 'cpl', 'app', 'dmg', 'pkg', 'deb', 'rpm', 'iso', 'img'],
  ...['jar', 'war', 'class', 'apk', 'ipa', 'xpi', 'crx', 'chm', 'docm', 'xlsm', 'pptm', '7z', 'zst', 'lzh', 'cab'],
];

/**
 * Throws UNSUPPORTED_MEDIA_TYPE when the declared type or the extension contradicts the content, because that could
 * mislead people.
 * @param advice Is appended to the message.
 */
export function checkClaims(contentType: string, { declaredType, filename }: Claims, advice = ''): void {
  const declared = essenceOf(declaredType);
  if (!isSilent(declared) && !mayBeDeclared(contentType, declared)) {
    throw contradiction(contentType, `it was sent as ${declared}`, advice);
  }
  const extension = extensionOf(filename);
  if (!mayHaveExtension(contentType, extension)) {
    throw contradiction(contentType, `its name ends in .${extension}`, advice);
  }
}

/**
 * Returns the office document type that the declared type or the extension names.
 * Returns undefined when neither names one.
 */
export function claimedOfficeType({ declaredType, filename }: Claims): string | undefined {
  const types = [essenceOf(declaredType), mime.lookup(extensionOf(filename)) || ''];
  return types.find((type) => type in OFFICE_TYPES);
}

/**
 * Returns the file name. If its extension belongs to another type of the same family (pictures, captions), replaces it
 * by the extension of the content.
 */
export function nameOfContent(filename: string, contentType: string, extension: string): string {
  const given = extensionOf(filename);
  const other = contentType.startsWith('image/')
    ? isPictureExtension(given) && mime.lookup(given) !== contentType && !isPictureExtensionOf(given, contentType)
    : contentType === 'text/vtt' && given !== extension && CAPTIONS.extensions?.includes(given);
  return other ? filename.slice(0, -given.length) + extension : filename;
}

/** The media type without parameters, in lower case. */
function essenceOf(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

function extensionOf(filename: string): string {
  return (/\.([^.]+)$/.exec(filename)?.[1] ?? '').toLowerCase();
}

function isSilent(type: string): boolean {
  const [top = '', rest] = type.split('/');
  return SILENT_TYPES.includes(type) || rest === undefined || type.includes('*') || !TOP_LEVEL_TYPES.includes(top);
}

function mayBeDeclared(contentType: string, declared: string): boolean {
  if (contentType.startsWith('image/')) return isPictureType(declared);
  if (contentType === 'text/plain') return isTextType(declared);
  return FAMILIES[contentType]?.types.includes(declared) ?? false;
}

/**
 * Returns false when the extension contradicts the content. An unknown extension ("1.0 (final") or a single letter
 * ("Interview with Dr. M") contradicts nothing.
 */
function mayHaveExtension(contentType: string, extension: string): boolean {
  if (extension.length < 2) return true;
  if (FOREIGN_EXTENSIONS.includes(extension)) return false;
  if (contentType.startsWith('image/') && isPictureExtension(extension)) return true;
  const isText = TEXT_EXTENSIONS.includes(extension);
  if (contentType === 'text/plain' && isText) return true;
  const family = FAMILIES[contentType];
  if (family?.extensions?.includes(extension)) return true;
  const type = mime.lookup(extension);
  if (type === false) return !isText;
  return type === 'application/octet-stream' || mayBeDeclared(contentType, type);
}

function isPictureType(type: string): boolean {
  if (!type.startsWith('image/') || ACTIVE_TYPE.test(type)) return false;
  return PICTURE_TYPES.includes(type) || mime.extension(type) !== false;
}

function isPictureExtension(extension: string): boolean {
  return PICTURE_EXTENSIONS.includes(extension) || isPictureType(mime.lookup(extension) || '');
}

/** Returns true when the extension belongs to the type although `mime-types` does not say so. */
function isPictureExtensionOf(extension: string, contentType: string): boolean {
  if (['jfif', 'pjpeg', 'pjp'].includes(extension)) return contentType === 'image/jpeg';
  if (extension === 'apng') return contentType === 'image/png';
  return extension === 'avifs' && contentType === 'image/avif';
}

function isTextType(type: string): boolean {
  return TEXT_TYPE.test(type) && !ACTIVE_TYPE.test(type);
}

function contradiction(contentType: string, claim: string, advice: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', `The content is ${contentType}, but ${claim}.${advice}`);
}
