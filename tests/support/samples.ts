import { fileOf, type UploadFile } from './multipart.js';

// Small files for captions and resources.

export const VTT = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello, world\n';

export function vttFile(text = VTT, filename = 'captions.vtt'): UploadFile {
  return fileOf(text, filename, 'text/vtt');
}

const PDF = [
  '%PDF-1.4',
  '1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj',
  '2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj',
  'trailer << /Root 1 0 R >>',
  '%%EOF\n',
].join('\n');

export const pdfFile: UploadFile = fileOf(PDF, 'slides.pdf', 'application/pdf');

export const textFile: UploadFile = fileOf('Read this first.\nÄnd thén this.\n', 'notes.txt', 'text/plain');

/** A ZIP archive with one empty file (APPNOTE.TXT 4.3: local header, central directory, its end). */
function zip(): Buffer {
  const name = Buffer.from('empty.txt');
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(10, 4);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(10, 4);
  central.writeUInt16LE(10, 6);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length, 16);
  return Buffer.concat([local, name, central, name, end]);
}

export const zipFile: UploadFile = fileOf(zip(), 'exercises.zip', 'application/zip');
