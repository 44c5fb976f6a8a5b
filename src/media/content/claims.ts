import { LecternError } from '../../errors.js';

/** What a client says of a file, beside its bytes. */
export interface Claims {
  /** The media type, parameters and all; may be empty. */
  readonly declaredType: string;
  /** The name as it is kept. */
  readonly filename: string;
}

interface Names {
  readonly types: readonly string[];
  /** In lower case, without the dot. */
  readonly extensions: readonly string[];
}

const MP4_AND_QUICKTIME: Names = {
  types: ['video/mp4', 'video/x-m4v', 'video/quicktime'],
  extensions: ['mp4', 'm4v', 'mov', 'qt'],
};

/** What each content may be called. Apple's and ISO's containers are one family, and players open each as the other. */
const NAMES: Readonly<Record<string, Names>> = {
  'image/jpeg': {
    types: ['image/jpeg', 'image/jpg', 'image/pjpeg'],
    extensions: ['jpg', 'jpeg', 'jpe', 'jfif', 'pjpeg', 'pjp'],
  },
  'image/png': {
    types: ['image/png', 'image/x-png', 'image/apng', 'image/vnd.mozilla.apng'],
    extensions: ['png', 'apng'],
  },
  'image/webp': { types: ['image/webp'], extensions: ['webp'] },
  'image/avif': { types: ['image/avif', 'image/avif-sequence'], extensions: ['avif', 'avifs'] },
  'image/gif': { types: ['image/gif'], extensions: ['gif'] },
  'video/mp4': MP4_AND_QUICKTIME,
  'video/quicktime': MP4_AND_QUICKTIME,
  'video/webm': { types: ['video/webm'], extensions: ['webm'] },
  'video/matroska': { types: ['video/matroska', 'video/x-matroska'], extensions: ['mkv'] },
  'application/pdf': { types: ['application/pdf', 'application/x-pdf'], extensions: ['pdf'] },
  'application/zip': {
    types: ['application/zip', 'application/x-zip', 'application/x-zip-compressed'],
    extensions: ['zip'],
  },
  'text/vtt': { types: ['text/vtt'], extensions: ['vtt', 'txt'] },
  // What is read as text and run by nothing. Whatever else calls itself text is refused.
  'text/plain': {
    types: [
      'text/csv',
      'text/markdown',
      'text/x-markdown',
      'text/srt',
      'text/tab-separated-values',
      'text/vtt',
      'text/x-log',
      'application/json',
      'application/x-subrip',
      'application/yaml',
      'application/x-yaml',
      'text/yaml',
    ],
    extensions: ['txt', 'text', 'md', 'markdown', 'csv', 'tsv', 'json', 'srt', 'vtt', 'log', 'yaml', 'yml'],
  },
};

/**
 * Says nothing of the content: no type, and what programs send for files that they do not know. `text/plain` is the
 * type of a part that names none (RFC 7578, section 4.4), so it cannot be held against a file.
 */
const SILENT_TYPES = ['', 'application/octet-stream', 'binary/octet-stream', 'text/plain'];

/** Extensions that say clearly what a file is, and that no accepted content may have. */
const FOREIGN_EXTENSIONS = [
  // Markup and what browsers run
  ...[
    'svg',
    'svgz',
    'html',
    'htm',
    'xhtml',
    'xht',
    'shtml',
    'mht',
    'mhtml',
    'xml',
    'xsl',
    'xslt',
    'rdf',
    'rss',
    'atom',
  ],
  ...['js', 'mjs', 'cjs', 'jsx', 'ts', 'tsx', 'css', 'wasm', 'swf', 'hta'],
  // What servers and systems run
  ...[
    'php',
    'php3',
    'php4',
    'php5',
    'php7',
    'phtml',
    'phar',
    'asp',
    'aspx',
    'jsp',
    'jspx',
    'cgi',
    'pl',
    'py',
    'rb',
    'lua',
  ],
  ...['sh', 'bash', 'zsh', 'ksh', 'csh', 'fish', 'ps1', 'psm1', 'bat', 'cmd', 'vbs', 'vbe', 'wsf', 'wsh', 'jse', 'reg'],
  ...[
    'exe',
    'dll',
    'so',
    'dylib',
    'msi',
    'com',
    'scr',
    'pif',
    'cpl',
    'lnk',
    'url',
    'desktop',
    'app',
    'dmg',
    'deb',
    'rpm',
  ],
  ...['jar', 'war', 'class', 'apk', 'ipa', 'xpi', 'crx', 'chm', 'iso'],
  // Other pictures, sound, films, documents and archives
  ...['bmp', 'ico', 'cur', 'tif', 'tiff', 'heic', 'heif', 'jxl', 'jp2', 'psd', 'ai', 'eps', 'ps', 'raw', 'dng'],
  ...['mp3', 'm4a', 'aac', 'wav', 'flac', 'ogg', 'oga', 'opus', 'mid', 'mka', 'weba'],
  ...['avi', 'wmv', 'flv', 'mpg', 'mpeg', 'm2ts', 'mts', 'ogv', '3gp', '3g2', 'rm', 'vob'],
  ...['doc', 'docx', 'docm', 'xls', 'xlsx', 'xlsm', 'ppt', 'pptx', 'pptm', 'odt', 'ods', 'odp', 'rtf', 'epub'],
  ...['rar', '7z', 'tar', 'gz', 'tgz', 'bz2', 'xz', 'zst', 'cab', 'lzh'],
];

const KNOWN_EXTENSIONS = new Set([
  ...Object.values(NAMES).flatMap(({ extensions }) => extensions),
  ...FOREIGN_EXTENSIONS,
]);

/**
 * Throws UNSUPPORTED_MEDIA_TYPE when the declared type or the extension says clearly that the file is something else
 * than its content: someone may be misled by it. Extensions that mean nothing here contradict nothing.
 */
export function checkClaims(contentType: string, { declaredType, filename }: Claims): void {
  const names = NAMES[contentType];
  const type = (declaredType.split(';')[0] ?? '').trim().toLowerCase();
  if (!SILENT_TYPES.includes(type) && !names?.types.includes(type)) {
    throw contradiction(contentType, 'it was sent as another type');
  }
  const extension = (/\.([^.]+)$/.exec(filename)?.[1] ?? '').toLowerCase();
  if (KNOWN_EXTENSIONS.has(extension) && !names?.extensions.includes(extension)) {
    throw contradiction(contentType, `its name ends in .${extension}`);
  }
}

function contradiction(contentType: string, claim: string): LecternError {
  return new LecternError('UNSUPPORTED_MEDIA_TYPE', `The content is ${contentType}, but ${claim}.`);
}
