import { describe, expect, it } from 'vitest';
import { checkClaims } from '../../src/media/content/claims.js';

/** Whether the claims are let through. */
function stands(contentType: string, declaredType: string, filename: string): boolean {
  try {
    checkClaims(contentType, { declaredType, filename });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    return false;
  }
}

describe('what a client says of a file', () => {
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
    ['text/vtt', 'text/plain', 'a.vtt'],
    ['image/png', '', 'a'],
    ['image/png', 'application/octet-stream', 'a.own'],
    ['image/png', 'application/octet-stream; charset=binary', 'a.tar.png'],
    // The type of a part that names none: RFC 7578, section 4.4.
    ['video/mp4', 'text/plain', 'a.mp4'],
    ['image/png', '', '1.0 (final'],
  ])('does not contradict %s: %s, %s', (content, type, name) => {
    expect(stands(content, type, name)).toBe(true);
  });

  it.each([
    ['image/jpeg', 'image/png', 'a'],
    ['image/jpeg', '', 'a.png'],
    ['image/png', 'image/svg+xml', 'a.png'],
    ['image/png', 'text/html', 'a.png'],
    ['image/png', 'image/*', 'a.png'],
    ['image/png', 'nonsense', 'a.png'],
    ['image/png', '', 'a.png.exe'],
    ['image/png', '', 'a.png.HTML'],
    ['video/mp4', 'video/webm', 'a'],
    ['video/webm', 'video/x-matroska', 'a'],
    ['video/webm', '', 'a.mp4'],
    ['video/matroska', '', 'a.webm'],
    ['application/zip', '', 'a.docx'],
    ['application/zip', 'application/java-archive', 'a'],
    ['application/pdf', 'application/zip', 'a.pdf'],
    ['text/plain', 'text/html', 'a.txt'],
    ['text/plain', 'text/javascript', 'a.txt'],
    ['text/plain', 'text/x-own', 'a.txt'],
    ['text/plain', '', 'a.php'],
    ['text/plain', '', 'a.png'],
    ['text/vtt', 'text/csv', 'a.vtt'],
    ['image/own', 'image/own', 'a'],
  ])('contradicts %s: %s, %s', (content, type, name) => {
    expect(stands(content, type, name)).toBe(false);
  });
});
