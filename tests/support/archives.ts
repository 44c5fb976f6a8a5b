import { deflateRawSync } from 'node:zlib';
import { crc32 } from './fixtures.js';

/** A ZIP archive of these entries (APPNOTE.TXT 4.3), in this order. Entries named `mimetype` are not compressed. */
export function zipOf(entries: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(entries)) {
    const isStored = name === 'mimetype';
    const data = isStored ? Buffer.from(text) : deflateRawSync(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(isStored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(Buffer.from(text)), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(Buffer.byteLength(text), 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), data]);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(at, 10);
    const version = Buffer.from([20, 0]);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), version, fields, offset, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** Open XML documents by extension: the path of the main part and its type. */
const OPEN_XML: Readonly<Record<string, readonly [type: string, part: string]>> = {
  docx: [WORD, 'word/document.xml'],
  pptx: ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'ppt/presentation.xml'],
  xlsx: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xl/workbook.xml'],
  docm: ['application/vnd.ms-word.document.macroEnabled', 'word/document.xml'],
};

/** The smallest Open XML document. `order` is the position of the list of its parts. `padding` comes before the list. */
export function openXml(extension: string, order: 'first' | 'last' = 'first', padding = ''): Buffer {
  const [type, part] = OPEN_XML[extension]!;
  const list = {
    '[Content_Types].xml': `<Types><Override PartName="/${part}" ContentType="${type}.main+xml"/></Types>`,
  };
  const rest = { '_rels/.rels': '<Relationships/>', 'docProps/padding.txt': padding, [part]: '<document/>' };
  return zipOf(order === 'first' ? { ...list, ...rest } : { ...rest, ...list });
}

/** The smallest OpenDocument or EPUB file. */
export function withMimetype(type: string): Buffer {
  return zipOf({ mimetype: type, 'content.xml': '<content/>' });
}
