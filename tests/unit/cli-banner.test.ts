import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { banner, type BannerFacts, mongodbHostOf, readyFields } from '../../src/banner.js';

const FACTS: BannerFacts = {
  url: 'http://localhost:4000/graphql',
  mongodbHost: null,
  dataDir: '/srv/data',
  storage: { name: 'local', place: 'local disk, in /srv/data/files' },
  trial: { token: 'aaa.bbb.ccc', thumbnailPath: '/srv/lectern/samples/thumbnail.jpg' },
};

/** The arguments that a shell passes to curl when it runs the line. */
function curlWords(text: string): string[] {
  const line = text.split('\n').find((candidate) => candidate.startsWith('curl '));
  if (line === undefined) throw new Error('There is no curl line.');
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}`;
  return spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout.split('\0').slice(0, -1);
}

describe('the start banner', () => {
  it('shows the URL, the database, the storage and a token, and warns about the embedded database', () => {
    const text = banner(FACTS);
    expect(text).toContain('Lectern is ready: http://localhost:4000/graphql\n');
    expect(text).toContain('embedded, in /srv/data\n');
    expect(text).toContain('local disk, in /srv/data/files\n');
    expect(text).toContain('The embedded database is for trying Lectern out');
    expect(text).toContain('\n  aaa.bbb.ccc\n');
  });

  it('shows no warning with MongoDB and S3', () => {
    const text = banner({
      ...FACTS,
      mongodbHost: 'db.example.org',
      storage: { name: 's3', place: 'S3, bucket media' },
    });
    expect(text).toContain('MongoDB at db.example.org\n');
    expect(text).toContain('S3, bucket media\n');
    expect(text).not.toContain('embedded');
  });

  it.each(['/srv/lectern/thumbnail.jpg', `/srv/it's "mine"; $HOME, \`x\` \\ y/thumbnail.jpg`])(
    'contains a curl command that a shell parses correctly: %s',
    (thumbnailPath) => {
      const words = curlWords(banner({ ...FACTS, trial: { token: 'aaa.bbb.ccc', thumbnailPath } }));
      expect(words.slice(0, 6)).toEqual([
        'http://localhost:4000/graphql',
        '-H',
        'Authorization: Bearer aaa.bbb.ccc',
        '-H',
        'apollo-require-preflight: true',
        '-F',
      ]);
      expect(JSON.parse(words[6]?.replace('operations=', '') ?? '')).toEqual({
        query: expect.stringContaining('createCourse(input: $input, thumbnail: $thumbnail)') as string,
        variables: { input: { title: 'My first course' }, thumbnail: null },
      });
      expect(words.slice(7)).toEqual([
        '-F',
        'map={"0":["variables.thumbnail"]}',
        '-F',
        `0=@"${thumbnailPath.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
      ]);
    },
  );

  it('shows no example upload when the server cannot create tokens', () => {
    const { trial: _trial, ...facts } = FACTS;
    expect(banner(facts)).not.toMatch(/token|curl/);
  });

  it('is one log line without a token in production', () => {
    expect(readyFields(FACTS)).toEqual({ url: FACTS.url, database: 'embedded', storage: 'local' });
    expect(readyFields({ ...FACTS, mongodbHost: 'db', storage: { name: 's3', place: 'S3, bucket media' } })).toEqual({
      url: FACTS.url,
      database: 'mongodb',
      storage: 's3',
    });
  });
});

describe('mongodbHostOf', () => {
  it.each([
    ['mongodb://localhost', 'localhost'],
    ['mongodb://localhost:27017/lectern?x=1', 'localhost:27017'],
    ['mongodb://user:hunter2@a.org:1,b.org:2/lectern', 'a.org:1,b.org:2'],
    ['mongodb+srv://user:hunter2@cluster.example.org', 'cluster.example.org'],
    ['mongodb://db?appName=x', 'db'],
    ['mongodb://user:hunter2/x@db/lectern', 'the server of MONGODB_URI'],
    ['mongodb://user:hunter2?x@db/lectern', 'the server of MONGODB_URI'],
    ['mongodb://user:p@hunter2@db/lectern', 'the server of MONGODB_URI'],
  ])('of %s returns %s', (uri, host) => {
    expect(mongodbHostOf(uri)).toBe(host);
  });
});
