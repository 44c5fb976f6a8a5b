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
/** `?expires=...` of a good link to the key. */
let query: string;

beforeAll(async () => {
  served = await serveLocalStorage();
  const signal = new AbortController().signal;
  const options = { contentType: 'video/mp4', maxBytes: 1_000, signal };
  await served.storage.put(KEY, Readable.from([Buffer.from(TEXT)]), options);
  query = queryFor(KEY);
  // What a path that leads out would find: beside the storage, and within it through links.
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
  /** Head and body as they came. */
  readonly text: string;
}

/** Sends a request line of any bytes over a socket of its own, and reads until the server closes. */
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

/** Nothing but a refusal, and in it nothing of any file. */
function expectRefusal({ status, text }: Answer, among: readonly number[] = [400, 403, 404]): void {
  expect(among).toContain(status);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(TEXT);
  expect(text).not.toMatch(/root:|ENOENT|EISDIR|ENOTDIR|\bat .*\.js/);
  // What is no HTTP is refused by Node itself, without a body.
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

describe('/files on a bare socket', () => {
  it('serves the file to its own link, so that what follows is refused for its path alone', async () => {
    const { status, text } = await ask(`/files/${KEY}${query}`);
    expect(status).toBe(200);
    expect(text).toContain(TEXT);
  });

  it.each([...DOTS, ...OVERLONG])('leads nowhere by %j', async (dots) => {
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
    ['a NUL', `/files/${KEY}%00`],
    ['a NUL and an extension', `/files/${KEY}%00.png`],
    ['a bare NUL', Buffer.from(`/files/${KEY}\0`)],
    ['a bare control character', Buffer.from(`/files/${KEY}\x01`)],
    ['bare bytes beyond ASCII', Buffer.from(`/files/videos/owner/l\xe9sson.mp4`, 'latin1')],
    ['a double slash', `//files/${KEY}`],
    ['a double slash within', `/files//${KEY}`],
    ['a double slash further on', '/files/videos//owner/lesson.mp4'],
    ['a slash at the end', `/files/${KEY}/`],
    ['a dot at the end', `/files/${KEY}.`],
    ['dots at the end', `/files/${KEY}...`],
    ['a space at the end', `/files/${KEY}%20`],
    ['a parameter', `/files/${KEY};a=b`],
    ['parameters in each segment', '/files/videos;x/owner;y/lesson.mp4;z'],
    ['a parameter that goes up', '/files/..;/..;/etc/passwd'],
    ['a stream of NTFS', `/files/${KEY}::$DATA`],
    ['a drive', '/files/C:/windows/win.ini'],
    ['a share', '/files/\\\\host\\share\\file'],
    ['a home', '/files/~/a/b'],
    ['a URL for a key', `/files/file:///etc/passwd`],
    ['a fragment', `/files/${KEY}#a`],
    ['another case', '/files/VIDEOS/owner/lesson.mp4'],
    ['a file that is no object', '/files/loose.txt'],
    ['a folder', '/files/videos/owner'],
    ['the storage itself', '/files/'],
    ['a link to a file', '/files/videos/owner/link.mp4'],
    ['a link to a folder', '/files/videos/linked/loose.txt'],
    ['up and out of the mount', `/files/../files/${KEY}`],
    ['up and out of the mount, in escapes', `/%2e%2e/files/${KEY}`],
    ['no slash in front', `files/${KEY}`],
    ['an asterisk', '*'],
    ['an absolute URL', `http://lectern.example/files/${KEY}`],
    ['an absolute URL of another server', `http://elsewhere.example:81/files/${KEY}`],
    ['an absolute URL that goes up', 'http://lectern.example/files/../../etc/passwd'],
    ['an absolute URL without a path', 'http://lectern.example'],
    ['an absolute URL of another scheme', `file:///files/${KEY}`],
    ['very much', `/files/${'%2e%2e/'.repeat(1_500)}etc/passwd`],
  ])('leads nowhere by %s', async (_what, target) => {
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
  ])('does not follow a hostile key even when it is signed: %j', async (key) => {
    const encoded = key.split('/').map(encodeURIComponent).join('/');
    expectRefusal(await ask(`/files/${encoded}${queryFor(key)}`), [403, 404]);
    expectRefusal(await ask(`/files/${encodeURIComponent(key)}${queryFor(key)}`), [403, 404]);
  });

  it('still serves the file after all that, and nothing of it was a defect', async () => {
    expect((await ask(`/files/${KEY}${query}`)).text).toContain(TEXT);
    expect(served.logged).toEqual([]);
  });
});
