import { describe, expect, it } from 'vitest';
import { checkClaims, nameOfContent } from '../../src/media/content/claims.js';

/** Whether the claims are accepted. */
function stands(contentType: string, declaredType: string, filename: string): boolean {
  try {
    checkClaims(contentType, { declaredType, filename });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    return false;
  }
}

describe('checkClaims: the declared type and name of a file', () => {
  it.each([
    ['image/jpeg', 'image/jpeg', 'a.jpg'],
    ['image/jpeg', 'image/jpg', 'a.JPEG'],
    ['image/jpeg', 'image/pjpeg', 'a.jfif'],
    ['image/png', 'IMAGE/PNG; x=y', 'a.png'],
    ['image/png', 'image/apng', 'a.apng'],
    ['image/avif', 'image/avif', 'a.avif'],
    ['video/mp4', 'video/x-m4v', 'a.m4v'],
    ['video/mp4', 'video/quicktime', 'a.mov'],
    ['video/quicktime', 'video/mp4', 'a.mp4'],
    ['video/matroska', 'video/matroska', 'a.mkv'],
    ['video/matroska', 'video/x-matroska', 'a.mkv'],
    ['video/webm', 'video/webm;codecs=vp9', 'a.webm'],
    ['application/zip', 'application/x-zip-compressed', 'a.zip'],
    ['text/plain', 'text/csv', 'a.csv'],
    // WebM and Matroska, and the MP4 family, are accepted for each other.
    ['video/matroska', 'video/webm', 'webcam.webm'],
    ['video/matroska', 'video/x-matroska;codecs=avc1', 'webcam.webm'],
    ['video/webm', 'video/x-matroska', 'a.mkv'],
    ['video/webm', 'audio/webm', 'a.weba'],
    ['video/mp4', 'video/3gpp', 'phone.3gp'],
    ['video/mp4', 'audio/mp4', 'a.m4a'],
    ['audio/mp4', 'audio/x-m4a', 'a.m4a'],
    ['audio/mpeg', 'audio/mp3', 'a.mp3'],
    ['audio/ogg', 'application/ogg', 'a.opus'],
    ['audio/wav', 'audio/x-wav', 'a.wav'],
    ['audio/flac', 'audio/x-flac', 'a.flac'],
    // An image under the name or type of another image format.
    ['image/jpeg', 'image/png', 'IMG_1.HEIC'],
    ['image/jpeg', 'image/heic', 'a.png'],
    ['image/avif', 'image/heif', 'a.heif'],
    ['image/png', 'image/bmp', 'a.tiff'],
    // Declared types that say nothing.
    ...['image/*', '*/*', 'multipart/form-data', 'application/binary', 'nonsense', 'file/jpg', 'unknown/unknown'].map(
      (type): [string, string, string] => ['image/jpeg', type, 'a.jpg'],
    ),
    ['image/jpeg', '', 'Interview with Dr. M'],
    // Source code under its many types; Windows and Linux call TypeScript a video.
    ['text/plain', 'text/javascript', 'a.js'],
    ['text/plain', 'text/x-own', 'a.txt'],
    ['text/plain', 'video/mp2t', 'a.ts'],
    ['text/plain', 'application/x-sh', 'a.sh'],
    ['text/plain', 'text/x-python', 'a.py'],
    ['text/plain', 'application/vnd.ms-excel', 'a.csv'],
    ['text/plain', 'application/x-ipynb+json', 'a.ipynb'],
    ['text/vtt', 'application/x-subrip', 'a.srt'],
    ['application/vnd.oasis.opendocument.text', 'application/x-zip-compressed', 'a.odt'],
    ['application/epub+zip', 'application/epub+zip', 'a.epub'],
    ['text/vtt', 'text/plain', 'a.vtt'],
    ['image/png', '', 'a'],
    ['image/png', 'application/octet-stream', 'a.own'],
    ['image/png', 'application/octet-stream; charset=binary', 'a.tar.png'],
    // The default type of a part that declares none: RFC 7578, section 4.4.
    ['video/mp4', 'text/plain', 'a.mp4'],
    ['image/png', '', '1.0 (final'],
  ])('accepts content %s declared as %s with the name %s', (content, type, name) => {
    expect(stands(content, type, name)).toBe(true);
  });

  it.each([
    ['image/jpeg', 'text/html', 'a.jpg'],
    ['image/jpeg', 'video/mp4', 'a.jpg'],
    ['image/jpeg', '', 'a.mp4'],
    ['image/jpeg', '', 'a.txt'],
    ['image/jpeg', '', 'a.js'],
    ['image/png', '', 'a.svg'],
    ['image/png', 'image/svg+xml', 'a.png'],
    ['image/png', 'text/html', 'a.png'],
    ['image/png', 'image/x-own', 'a.png'],
    ['image/png', '', 'a.png.exe'],
    ['image/png', '', 'a.png.HTML'],
    ['video/mp4', 'video/webm', 'a'],
    ['video/webm', '', 'a.mp4'],
    ['video/mp4', '', 'a.mkv'],
    ['video/mp4', 'audio/mpeg', 'a.mp4'],
    ['audio/mpeg', 'audio/ogg', 'a.mp3'],
    ['audio/mpeg', '', 'a.wav'],
    ['application/zip', '', 'a.jar'],
    ['application/zip', 'application/vnd.oasis.opendocument.text', 'a'],
    ['application/epub+zip', '', 'a.docx'],
    ['application/zip', '', 'a.docx'],
    ['application/zip', 'application/java-archive', 'a'],
    ['application/pdf', 'application/zip', 'a.pdf'],
    ['text/plain', 'text/html', 'a.txt'],
    ['text/plain', 'text/html; charset=utf-8', 'a.txt'],
    ['text/plain', 'application/xhtml+xml', 'a.txt'],
    ['text/plain', 'image/svg+xml', 'a.txt'],
    ['text/plain', 'text/xml', 'a.txt'],
    ['text/plain', 'application/atom+xml', 'a.txt'],
    ['text/plain', '', 'a.html'],
    ['text/plain', '', 'a.xml'],
    ['text/plain', '', 'a.svg'],
    ['text/plain', '', 'a.php'],
    ['text/plain', '', 'a.bat'],
    ['text/plain', '', 'a.docx'],
    ['text/plain', '', 'a.png'],
    ['text/vtt', 'text/csv', 'a.vtt'],
    ['image/own', 'image/own', 'a'],
  ])('refuses content %s declared as %s with the name %s', (content, type, name) => {
    expect(stands(content, type, name)).toBe(false);
  });

  it('names the content and the claim that contradicts it', () => {
    const claims = (declaredType: string, filename: string) => ({ declaredType, filename });
    expect(() => checkClaims('image/jpeg', claims('text/html; charset=utf-8', 'a.jpg'))).toThrow(
      'The content is image/jpeg, but it was sent as text/html.',
    );
    expect(() => checkClaims('image/jpeg', claims('', 'a.HTML'), ' Zip it.')).toThrow(
      'The content is image/jpeg, but its name ends in .html. Zip it.',
    );
  });
});

describe('the file name that is stored', () => {
  it.each([
    ['IMG_1.HEIC', 'image/jpeg', 'jpg', 'IMG_1.jpg'],
    ['a.png', 'image/webp', 'webp', 'a.webp'],
    ['a.jpeg', 'image/jpeg', 'jpg', 'a.jpeg'],
    ['a.JFIF', 'image/jpeg', 'jpg', 'a.JFIF'],
    ['a.apng', 'image/png', 'png', 'a.apng'],
    ['a', 'image/png', 'png', 'a'],
    ['a.own', 'image/png', 'png', 'a.own'],
    ['knots.srt', 'text/vtt', 'vtt', 'knots.vtt'],
    ['knots.txt', 'text/vtt', 'vtt', 'knots.vtt'],
    ['knots.VTT', 'text/vtt', 'vtt', 'knots.VTT'],
    ['a.mov', 'video/mp4', 'mp4', 'a.mov'],
    ['a.js', 'text/plain', 'txt', 'a.js'],
  ])('of %s with content %s', (filename, type, extension, expected) => {
    expect(nameOfContent(filename, type, extension)).toBe(expected);
  });
});
