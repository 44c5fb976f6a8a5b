// The base line of uploads and downloads: node:http and node:fs, and nothing between them. An upload to /hashed is also hashed.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [, , folder] = process.argv;
let count = 0;

const server = createServer(async (request, response) => {
  const path = join(folder, request.method === 'PUT' ? 'kept' : String(count++));
  if (request.method === 'GET') {
    response.setHeader('content-length', (await stat(join(folder, 'kept'))).size);
    // The client may close the connection when it has all bytes, before the response has finished here.
    await pipeline(createReadStream(join(folder, 'kept')), response).catch(() => undefined);
    return;
  }
  if (request.url === '/hashed') {
    const hash = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk)).once('end', () => hash.digest());
  }
  await pipeline(request, createWriteStream(path, { flags: 'w' }));
  // Like Lectern: an answer says that the bytes are on the disk.
  const file = await open(path);
  await file.sync();
  await file.close();
  response.end('{}');
  if (request.method === 'POST') await unlink(path);
});
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/`));
