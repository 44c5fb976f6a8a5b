import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveLocalStorage, type ServedLocalStorage } from '../contract/storage-local-server.js';

const KEY = 'videos/owner/lesson.mp4';
const TEXT = 'the lesson itself';
const SECRET = 'what lies outside of the storage';
const GRANT = { disposition: 'inline', contentType: 'video/mp4' };

let served: ServedLocalStorage;
/** The query of a valid signed URL of KEY. */
let query: string;

beforeAll(async () => {
  served = await serveLocalStorage();
  const signal = new AbortController().signal;
  const options = { contentType: 'video/mp4', maxBytes: 1_000, signal };
  await served.storage.put(KEY, Readable.from([Buffer.from(TEXT)]), options);
  query = queryFor(KEY);
  // Files that a traversal would reach: one beside the storage, and links inside that lead out of it.
  await writeFile(`${served.directory}-secret`, SECRET);
  await writeFile(path.join(served.directory, 'loose.txt'), SECRET);
  await symlink(`${served.directory}-secret`, path.join(served.directory, 'videos/owner/link.mp4'));
  await mkdir(path.join(served.directory, 'videos/out'), { recursive: true });
  await symlink(path.dirname(served.directory), path.join(served.directory, 'videos/linked'));
});
afterAll(() => served.tearDown());

function queryFor(key: string): string {
  const expiresAt = new Date(Date.now() + 60_000);
  return `?${served.tokens.sign({ purpose: 'get', method: 'GET', key, expiresAt, ...GRANT }).toString()}`;
}

interface Answer {
  readonly status: number;
  /** The head and the body as they were received. */
  readonly text: string;
}

/** Sends a request line of any bytes over a new socket, and reads until the server closes the connection. */
async function ask(target: string | Buffer): Promise<Answer> {
  const { port } = new URL(served.origin);
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(Buffer.concat([Buffer.from('GET '), Buffer.from(target as string, 'latin1')]));
  socket.write(' HTTP/1.1\r\nHost: lectern.example\r\nConnection: close\r\n\r\n');
  await closed;
  const text = Buffer.concat(chunks).toString('latin1');
  return { status: Number(text.split(' ')[1]), text };
}

/** Expects a refusal that contains nothing of any file. */
function expectRefusal({ status, text }: Answer, among: readonly number[] = [400, 403, 404]): void {
  expect(among).toContain(status);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(TEXT);
  expect(text).not.toMatch(/root:|ENOENT|EISDIR|ENOTDIR|\bat .*\.js/);
  // Node itself refuses what is not HTTP, without a body.
  const byNode = text === 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
  if (!byNode && text.includes('"errors"')) expect(text.toLowerCase()).toContain('x-content-type-options: nosniff');
}

const DOTS = [
  '..',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '%252e%252e',
  '%25252e%25252e',
  '..%00',
  '%2e%2e%00',
  '....',
  '...',
  '. .',
];
const SLASHES = ['/', '//', '%2f', '%252f', '\\', '%5c', '%255c', '/./', '/.//', '\\/'];
const OVERLONG = [
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%f0%80%80%ae',
  '%c0%2e',
  '%uff0e%uff0e',
  '\xc0\xae\xc0\xae',
  '\xff',
];

describe('GET /files over a raw socket', () => {
  it('serves the file at its own signed URL, so that the refusals below are due to the path alone', async () => {
    const { status, text } = await ask(`/files/${KEY}${query}`);
    expect(status).toBe(200);
    expect(text).toContain(TEXT);
  });

  it.each([...DOTS, ...OVERLONG])('refuses paths with %j', async (dots) => {
    for (const slash of SLASHES) {
      const up = `${dots}${slash}`.repeat(8);
      for (const target of [
        `/files/${up}etc/passwd`,
        `/files${slash}${up}etc${slash}passwd`,
        `/files/videos/owner/${up}etc/passwd`,
        `/files/videos/${dots}${slash}loose.txt`,
        `/files/videos/owner/${dots}${slash}${path.basename(served.directory)}-secret`,
        `/files/videos/owner${slash}${dots}${slash}owner${slash}lesson.mp4`,
      ]) {
        expectRefusal(await ask(target + query));
      }
    }
  });

  it.each([
    ['an encoded NUL', `/files/${KEY}%00`],
    ['an encoded NUL and an extension', `/files/${KEY}%00.png`],
    ['a raw NUL', Buffer.from(`/files/${KEY}\0`)],
    ['a raw control character', Buffer.from(`/files/${KEY}\x01`)],
    ['raw bytes outside ASCII', Buffer.from(`/files/videos/owner/l\xe9sson.mp4`, 'latin1')],
    ['a double slash at the beginning', `//files/${KEY}`],
    ['a double slash after /files', `/files//${KEY}`],
    ['a double slash inside the key', '/files/videos//owner/lesson.mp4'],
    ['a slash at the end', `/files/${KEY}/`],
    ['a dot at the end', `/files/${KEY}.`],
    ['dots at the end', `/files/${KEY}...`],
    ['a space at the end', `/files/${KEY}%20`],
    ['a parameter', `/files/${KEY};a=b`],
    ['parameters in each segment', '/files/videos;x/owner;y/lesson.mp4;z'],
    ['a path parameter with ..', '/files/..;/..;/etc/passwd'],
    ['an NTFS stream', `/files/${KEY}::$DATA`],
    ['a drive letter', '/files/C:/windows/win.ini'],
    ['a network share', '/files/\\\\host\\share\\file'],
    ['a home folder', '/files/~/a/b'],
    ['a URL as the key', `/files/file:///etc/passwd`],
    ['a fragment', `/files/${KEY}#a`],
    ['another letter case', '/files/VIDEOS/owner/lesson.mp4'],
    ['a file that is not an object', '/files/loose.txt'],
    ['a folder', '/files/videos/owner'],
    ['the root of the storage', '/files/'],
    ['a link to a file', '/files/videos/owner/link.mp4'],
    ['a link to a folder', '/files/videos/linked/loose.txt'],
    ['.. to the parent of /files', `/files/../files/${KEY}`],
    ['.. to the parent of /files, percent-encoded', `/%2e%2e/files/${KEY}`],
    ['no slash at the beginning', `files/${KEY}`],
    ['an asterisk', '*'],
    ['an absolute URL', `http://lectern.example/files/${KEY}`],
    ['an absolute URL of another host', `http://elsewhere.example:81/files/${KEY}`],
    ['an absolute URL with ..', 'http://lectern.example/files/../../etc/passwd'],
    ['an absolute URL without a path', 'http://lectern.example'],
    ['an absolute URL of another scheme', `file:///files/${KEY}`],
    ['1,500 times ..', `/files/${'%2e%2e/'.repeat(1_500)}etc/passwd`],
  ])('refuses %s', async (_what, target) => {
    const bytes = Buffer.isBuffer(target) ? target : Buffer.from(target, 'latin1');
    expectRefusal(await ask(Buffer.concat([bytes, Buffer.from(query)])));
    expectRefusal(await ask(bytes));
  });

  it.each([
    '../../etc/passwd',
    'videos/owner/../../loose.txt',
    'videos/../loose.txt',
    'videos/owner/..',
    'videos//lesson.mp4',
    '/videos/owner/lesson.mp4',
    'videos\\owner\\lesson.mp4',
    'videos/owner/lesson.mp4\0',
    'videos/owner/%2e%2e',
    'videos/owner/link.mp4',
    'videos/linked/loose.txt',
    'loose.txt',
    'a/b/c/d',
    '',
  ])('does not serve a hostile key even when it is signed: %j', async (key) => {
    const encoded = key.split('/').map(encodeURIComponent).join('/');
    expectRefusal(await ask(`/files/${encoded}${queryFor(key)}`), [403, 404]);
    expectRefusal(await ask(`/files/${encodeURIComponent(key)}${queryFor(key)}`), [403, 404]);
  });

  it('still serves the file afterwards, and has logged no error', async () => {
    expect((await ask(`/files/${KEY}${query}`)).text).toContain(TEXT);
    expect(served.logged).toEqual([]);
  });
});
